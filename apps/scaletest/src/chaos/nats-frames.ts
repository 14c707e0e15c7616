/**
 * Cuts what a NATS server sends into whole frames (NATS client protocol: control lines end with CRLF; `MSG` and `HMSG` are followed by
 * as many bytes as their last number says, and CRLF).
 */
export interface NatsFrame {
  readonly bytes: Buffer;
  /** Of a message; undefined for anything else. */
  readonly subject: string | undefined;
}

const CRLF = '\r\n';

export class NatsFrames {
  private rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): NatsFrame[] {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    const frames: NatsFrame[] = [];
    let from = 0;
    for (;;) {
      const lineEnd = bytes.indexOf(CRLF, from);
      if (lineEnd < 0) break;
      const { subject, payloadLength } = readLine(bytes, from, lineEnd);
      const end = lineEnd + 2 + (payloadLength === undefined ? 0 : payloadLength + 2);
      if (end > bytes.length) break;
      frames.push({ bytes: bytes.subarray(from, end), subject });
      from = end;
    }
    this.rest = Buffer.from(bytes.subarray(from));
    return frames;
  }
}

function readLine(
  bytes: Buffer,
  from: number,
  to: number,
): { subject: string | undefined; payloadLength: number | undefined } {
  const first = bytes[from];
  const isMessage = first === 0x4d || first === 0x48 || first === 0x6d || first === 0x68;
  if (!isMessage) return { subject: undefined, payloadLength: undefined };
  const fields = bytes.toString('latin1', from, to).split(/[ \t]+/);
  if (!/^H?MSG$/i.test(fields[0] ?? '')) return { subject: undefined, payloadLength: undefined };
  return { subject: fields[1], payloadLength: Number(fields.at(-1)) };
}
