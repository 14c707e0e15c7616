/**
 * Reads the replies of one HTTP/1.1 connection out of its bytes (RFC 9112), one after the other. It knows the framings that servers use:
 * a length, chunks, and a body that lasts as long as the connection. Node's own client makes a request, a reply, a stream and several
 * listeners of each exchange, which was a third of what this generator cost; this makes text.
 */
import { StringDecoder } from 'node:string_decoder';

export interface ReplyHead {
  readonly status: number;
  /** Of the header `retry-after`; 0 without one. */
  readonly retryAfterMs: number;
  /** The connection may be used again. */
  readonly isKept: boolean;
}

export interface ReplyListener {
  readonly onHead: (head: ReplyHead) => void;
  /** A piece of the body; no character is ever cut in two. */
  readonly onText: (text: string) => void;
  readonly onEnd: () => void;
}

/** The server does not speak HTTP/1.1, or a part of it that no server of such an API needs. */
export class MalformedReplyError extends Error {
  readonly code = 'malformed_reply';
}

type State = 'head' | 'length' | 'chunk_size' | 'chunk' | 'chunk_end' | 'trailers' | 'to_close';

const MAX_HEAD = 64 * 1024;
const LINE_FEED = 10;
const FIRST_BEYOND_ASCII = 128;
const NO_BODY: ReadonlySet<number> = new Set([204, 304]);

export class ReplyParser {
  private state: State = 'head';
  /** Of a head, or of a line of the chunks, as far as it came. */
  private line = '';
  /** Bytes of the body or of the chunk that are still to come. */
  private left = 0;
  private decoder: StringDecoder | undefined;

  constructor(private readonly listener: ReplyListener) {}

  /** @param bytes are not kept @throws MalformedReplyError */
  push(bytes: Buffer, length: number): void {
    for (let at = 0; at < length;) at = this.take(bytes, at, length);
  }

  /** The connection has ended. @returns false when a reply was to come, or was not whole */
  end(): boolean {
    if (this.state !== 'to_close') return false;
    this.finish();
    return true;
  }

  /** @returns where the next piece begins */
  private take(bytes: Buffer, at: number, length: number): number {
    switch (this.state) {
      case 'head':
        return this.takeHead(bytes, at, length);
      case 'length':
      case 'chunk':
        return this.takeBody(bytes, at, Math.min(length, at + this.left));
      case 'to_close':
        this.tell(bytes, at, length);
        return length;
      case 'chunk_size':
      case 'chunk_end':
      case 'trailers':
        return this.takeLine(bytes, at, length);
    }
  }

  private takeHead(bytes: Buffer, at: number, length: number): number {
    const known = this.line.length;
    const text = this.line + bytes.toString('latin1', at, length);
    const end = text.indexOf('\r\n\r\n', Math.max(0, known - 3));
    if (end < 0) {
      if (text.length > MAX_HEAD) throw new MalformedReplyError('the head of a reply has no end');
      this.line = text;
      return length;
    }
    this.line = '';
    this.begin(text.slice(0, end));
    return at + end + 4 - known;
  }

  private begin(head: string): void {
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
    if (Number.isNaN(status)) throw new MalformedReplyError(`not a reply: ${head.slice(0, 60)}`);
    // An interim reply: the final one follows.
    if (status < 200) return;
    const length = header(head, 'content-length');
    const isChunked = header(head, 'transfer-encoding')?.toLowerCase() === 'chunked';
    if (isChunked) this.state = 'chunk_size';
    else if (length !== undefined) this.state = 'length';
    else if (!NO_BODY.has(status)) this.state = 'to_close';
    this.left = isChunked ? 0 : Number(length ?? 0);
    const seconds = Number(header(head, 'retry-after') ?? 0);
    this.listener.onHead({
      status,
      retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : 0,
      isKept: this.state !== 'to_close' && header(head, 'connection')?.toLowerCase() !== 'close',
    });
    if (!isChunked && this.state !== 'to_close' && (this.left === 0 || NO_BODY.has(status))) this.finish();
  }

  private takeBody(bytes: Buffer, at: number, to: number): number {
    this.left -= to - at;
    this.tell(bytes, at, to);
    if (this.left > 0) return to;
    if (this.state === 'chunk') this.state = 'chunk_end';
    else this.finish();
    return to;
  }

  private takeLine(bytes: Buffer, at: number, length: number): number {
    const end = bytes.indexOf(LINE_FEED, at);
    if (end < 0 || end >= length) {
      this.line += bytes.toString('latin1', at, length);
      if (this.line.length > MAX_HEAD) throw new MalformedReplyError('a line between chunks has no end');
      return length;
    }
    const line = (this.line + bytes.toString('latin1', at, end)).trimEnd();
    this.line = '';
    if (this.state === 'chunk_size') this.beginChunk(line);
    else if (this.state === 'chunk_end') this.state = 'chunk_size';
    else if (line === '') this.finish();
    return end + 1;
  }

  private beginChunk(line: string): void {
    this.left = Number.parseInt(line, 16);
    if (Number.isNaN(this.left))
      throw new MalformedReplyError(`not the size of a chunk: ${line.slice(0, 60)}`);
    this.state = this.left === 0 ? 'trailers' : 'chunk';
  }

  private tell(bytes: Buffer, from: number, to: number): void {
    if (this.decoder === undefined && (bytes[to - 1] ?? 0) < FIRST_BEYOND_ASCII)
      this.listener.onText(bytes.toString('utf8', from, to));
    else this.listener.onText((this.decoder ??= new StringDecoder('utf8')).write(bytes.subarray(from, to)));
  }

  private finish(): void {
    this.state = 'head';
    this.decoder = undefined;
    this.listener.onEnd();
  }
}

function header(head: string, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(head)?.[1]?.trim();
}
