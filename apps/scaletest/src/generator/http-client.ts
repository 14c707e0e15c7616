/**
 * HTTP as cheap as Node gives it: one keep-alive agent, no body parsed that nobody needs, requests spread by turns over the given
 * addresses as an ingress would. It refuses to guess: a failure says whether the request may have reached the server.
 */
import { Agent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
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

/** No reply came. */
export class NoReplyError extends Error {
  readonly code = 'no_reply';
  constructor(
    call: Call,
    override readonly cause: unknown,
    /** The connection was refused: nothing of the request was taken. */
    readonly wasRefused: boolean,
  ) {
    super(`${call.method} ${call.path}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

const REQUEST_TIMEOUT_MS = 30_000;

export class HttpClient {
  private readonly agent: Agent;
  private readonly streamAgent: Agent;
  private readonly isSecure: boolean;
  private readonly bases: readonly { hostname: string; port: string; prefix: string }[];
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
    // Parsed once: a URL parsed for each request costs more than the request's JSON.
    this.bases = baseUrls.map((url) => {
      const { hostname, port, pathname } = new URL(url);
      return { hostname, port, prefix: pathname.replace(/\/+$/, '') };
    });
    this.isSecure = baseUrls.some((url) => url.startsWith('https:'));
    const agentOptions = { keepAlive: true, maxSockets, noDelay: true, scheduling: 'lifo' } as const;
    const streamOptions = { keepAlive: false, noDelay: true };
    this.agent = this.isSecure ? new HttpsAgent(agentOptions) : new Agent(agentOptions);
    this.streamAgent = this.isSecure ? new HttpsAgent(streamOptions) : new Agent(streamOptions);
  }

  /** @throws NoReplyError */
  call(call: Call): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
      const headers: Record<string, string | number> = { 'coder-session-token': call.token };
      if (body !== undefined) {
        headers['content-type'] = 'application/json';
        headers['content-length'] = body.length;
      }
      const fail = (error: unknown): void => reject(new NoReplyError(call, error, isRefusal(error)));
      const request = this.open(call.path, {
        method: call.method,
        headers,
        agent: this.agent,
        timeout: REQUEST_TIMEOUT_MS,
      });
      request.on('error', fail);
      request.on('timeout', () => request.destroy(new Error(`no reply within ${REQUEST_TIMEOUT_MS} ms`)));
      request.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', fail);
        response.on('end', () => {
          const status = response.statusCode ?? 0;
          this.options.serverErrors.note(`${call.method} ${call.path}`, status, text);
          resolve({ status, text, retryAfterMs: retryAfterMs(response) });
        });
      });
      request.end(body);
    });
  }

  /** A reply whose body is read by the caller. The returned function gives it up. */
  stream(
    path: string,
    options: {
      token: string;
      lastEventId: string | undefined;
      onResponse: (response: IncomingMessage) => void;
      onFailure: (error: unknown) => void;
    },
  ): () => void {
    const headers: Record<string, string> = {
      'coder-session-token': options.token,
      accept: 'text/event-stream',
    };
    if (options.lastEventId !== undefined) headers['last-event-id'] = options.lastEventId;
    const request = this.open(path, { method: 'GET', headers, agent: this.streamAgent });
    request.on('error', options.onFailure);
    request.on('response', (response) => {
      this.options.serverErrors.note(`GET ${path}`, response.statusCode ?? 0);
      options.onResponse(response);
    });
    request.end();
    return () => request.destroy();
  }

  close(): void {
    this.agent.destroy();
    this.streamAgent.destroy();
  }

  private open(path: string, options: RequestOptions): ReturnType<typeof httpRequest> {
    const base = this.bases[this.turn++ % this.bases.length];
    const open = this.isSecure ? httpsRequest : httpRequest;
    return open({ ...options, ...base, path: `${base?.prefix ?? ''}/api/v2${path}` });
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
}

function retryAfterMs(response: IncomingMessage): number {
  const seconds = Number(response.headers['retry-after'] ?? 0);
  return Number.isFinite(seconds) ? seconds * 1000 : 0;
}
