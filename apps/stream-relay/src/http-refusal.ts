/** A stream request that is refused before it becomes a stream: a plain HTTP error, on a response or on the bare socket of an upgrade. */
import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorResponse, FieldError } from '@parley/contracts';

export class HttpRefusal extends Error {
  readonly code = 'http_refusal';

  constructor(
    readonly status: number,
    message: string,
    readonly more: { validations?: FieldError[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
  }

  get body(): string {
    const { validations } = this.more;
    return JSON.stringify({
      message: this.message,
      ...(validations !== undefined && { validations }),
    } satisfies ErrorResponse);
  }

  get headers(): Record<string, string> {
    return {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': String(Buffer.byteLength(this.body)),
      'Cache-Control': 'no-store',
      ...this.more.headers,
    };
  }
}

export function badField(field: string, detail: string): HttpRefusal {
  return new HttpRefusal(400, `${field} ${detail}`, { validations: [{ field, detail }] });
}

export function unavailable(message: string, retryMs: number): HttpRefusal {
  return new HttpRefusal(503, message, { headers: { 'Retry-After': String(Math.ceil(retryMs / 1000)) } });
}

export function refuseRequest(response: ServerResponse, refusal: HttpRefusal): void {
  if (response.destroyed || response.headersSent) return;
  response.writeHead(refusal.status, refusal.headers);
  response.end(refusal.body);
}

export function refuseUpgrade(socket: Duplex, refusal: HttpRefusal): void {
  if (socket.destroyed) return;
  const headers = Object.entries({ ...refusal.headers, Connection: 'close' });
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const status = `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? 'Error'}\r\n`;
  // Destroyed when written: a client that keeps its half open would keep the socket for ever.
  socket.end(`${status}${lines}\r\n${refusal.body}`, () => socket.destroy());
}
