/**
 * HTTP as cheap as Node gives it: connections that are used again, no body parsed that nobody needs, requests spread by turns over the
 * given addresses as an ingress would. It refuses to guess: a failure says whether the request may have reached the server.
 */
import { isNativeError } from 'node:util/types';
import { ConnectionPool } from './connection-pool';
import type { Address } from './http-connection';
import type { ServerErrors } from './server-errors';

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number;
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/api/v2`. */
  readonly path: string;
  readonly token: string;
  readonly body?: unknown;
}

export interface StreamListener {
  readonly onStatus: (status: number) => void;
  readonly onText: (text: string) => void;
  /** Called once; without an error when the server ended the reply properly. */
  readonly onOver: (error?: unknown) => void;
}

export interface OpenStream {
  readonly isPaused: boolean;
  pause(): void;
  resume(): void;
  /** Gives it up. */
  close(): void;
}

/** No reply came. */
export class NoReplyError extends Error {
  readonly code = 'no_reply';
  constructor(
    call: Call,
    override readonly cause: unknown,
    /** The connection was refused: nothing of the request was taken. */
    readonly wasRefused: boolean,
  ) {
    super(`${nameOf(call)}: ${describe(cause)}`);
  }
}

/** Longer than a gateway lets a request wait for Postgres: it is to say so itself. */
const REQUEST_TIMEOUT_MS = 60_000;

export class HttpClient {
  private readonly pools: readonly ConnectionPool[];
  private turn = 0;

  constructor(
    baseUrls: readonly string[],
    private readonly options: {
      /** Of requests to one address; streams have their own connections. */
      readonly maxSockets: number;
      readonly serverErrors: ServerErrors;
    },
  ) {
    const { maxSockets } = options;
    this.pools = baseUrls.map(
      (url) => new ConnectionPool(addressOf(url), { maxSockets, timeoutMs: REQUEST_TIMEOUT_MS }),
    );
  }

  /** @throws NoReplyError */
  call(call: Call): Promise<Reply> {
    const { serverErrors } = this.options;
    const pool = this.next();
    const body = call.body === undefined ? '' : JSON.stringify(call.body);
    const ofBody =
      body === '' ? '' : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
    const request = `${headOf(call, pool.address)}${ofBody}\r\n${body}`;
    return new Promise((resolve, reject) => {
      let text = '';
      let head = { status: 0, retryAfterMs: 0 };
      pool.exchange({
        request,
        onHead: (known) => (head = known),
        onText: (piece) => (text += piece),
        onOver: (error, isStale) => {
          if (error === undefined) {
            const { status, retryAfterMs } = head;
            serverErrors.note(nameOf(call), status, text);
            resolve({ status, text, retryAfterMs });
            return;
          }
          // A server may end a connection that rests, though a request is on its way.
          if (!isStale) serverErrors.noteBreak('reply_lost', nameOf(call), describe(error));
          reject(new NoReplyError(call, error, isRefusal(error)));
        },
      });
    });
  }

  /** A reply whose body is read as it comes, on a connection of its own. */
  stream(
    path: string,
    { token, lastEventId, ...listener }: StreamListener & { token: string; lastEventId: string | undefined },
  ): OpenStream {
    const pool = this.next();
    const resumed = lastEventId === undefined ? '' : `last-event-id: ${lastEventId}\r\n`;
    const head = headOf({ method: 'GET', path, token }, pool.address);
    const connection = pool.stream({
      request: `${head}accept: text/event-stream\r\n${resumed}\r\n`,
      onHead: ({ status }) => {
        this.options.serverErrors.note(`GET ${path}`, status);
        listener.onStatus(status);
      },
      onText: listener.onText,
      onOver: listener.onOver,
    });
    return {
      get isPaused() {
        return connection.isPaused;
      },
      pause: () => connection.pause(),
      resume: () => connection.resume(),
      close: () => connection.destroy(),
    };
  }

  /** Of a stream, that it ended though nobody here wanted it. */
  noteBroken(path: string, why: string): void {
    this.options.serverErrors.noteBreak('stream_broken', `GET ${path}`, why);
  }

  close(): void {
    for (const pool of this.pools) pool.close();
  }

  private next(): ConnectionPool {
    const pool = this.pools[this.turn++ % this.pools.length];
    if (pool === undefined) throw new Error('There is no address to call');
    return pool;
  }
}

function addressOf(url: string): Address {
  const { protocol, hostname, port, pathname, host } = new URL(url);
  const isSecure = protocol === 'https:';
  return {
    isSecure,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (isSecure ? 443 : 80) : Number(port),
    prefix: pathname.replace(/\/+$/, ''),
    authority: host,
  };
}

const headOf = ({ method, path, token }: Call, { prefix, authority }: Address): string =>
  `${method} ${prefix}/api/v2${path} HTTP/1.1\r\nhost: ${authority}\r\ncoder-session-token: ${token}\r\n`;

const nameOf = ({ method, path }: Pick<Call, 'method' | 'path'>): string => `${method} ${path}`;

/** Errors of Node's own may be of another realm. */
export const describe = (error: unknown): string => (isNativeError(error) ? error.message : String(error));

/** Also of a name that has several addresses, all of which refused. */
function isRefusal(error: unknown): boolean {
  return isNativeError(error) && 'code' in error && error.code === 'ECONNREFUSED';
}
