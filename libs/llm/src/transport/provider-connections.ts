/**
 * The connections to model providers: one keep-alive pool for the whole process.
 *
 * The SDKs make the requests through `fetch` of this class, which runs on `node:http`. Against the built-in fetch that halves the CPU of
 * a stream, and it has no hidden limits: the built-in one cuts a body that is silent for five minutes, while a reasoning model may
 * think longer and our own silence guard decides.
 *
 * The body of an event stream is not wrapped into a web stream; `streamOf` hands out the socket's readable itself. All other bodies
 * are read here, at most `MAX_BODY_BYTES`, so that the SDKs can parse errors. Redirects are not followed: a key must not travel to
 * a host that nobody configured.
 */
import {
  Agent as HttpAgent,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** Bytes of an answer that is not a stream; what follows is cut off. */
const MAX_BODY_BYTES = 1024 * 1024;
const CONNECT_TIMEOUT_MS = 10_000;
/** An idle connection is closed before the usual limits of load balancers are reached (60 s and more). */
const IDLE_SOCKET_MS = 30_000;
const MAX_IDLE_SOCKETS_PER_HOST = 256;

export class ProviderConnections {
  /** Thousands of answers stream at once, each on its own connection: the workers' capacity is the limit. */
  private readonly options = {
    keepAlive: true,
    maxSockets: Infinity,
    maxFreeSockets: MAX_IDLE_SOCKETS_PER_HOST,
    scheduling: 'lifo',
    timeout: IDLE_SOCKET_MS,
  } as const;
  private readonly http = new HttpAgent(this.options);
  private readonly https = new HttpsAgent(this.options);
  private readonly streams = new WeakMap<Response, IncomingMessage>();

  /** A `fetch` for the SDKs: an URL, a string body, a signal. */
  readonly fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const message = await this.send(new URL(url instanceof Request ? url.url : url), init ?? {});
    const response = await toResponse(message);
    if (isEventStream(response)) this.streams.set(response, message);
    return response;
  };

  /** The body of an event stream got by `fetch`; undefined for any other response. Whoever takes it must destroy it. */
  streamOf(response: Response): IncomingMessage | undefined {
    return this.streams.get(response);
  }

  /** Local ports of the connections that wait for the next request. */
  idleSockets(): number[] {
    const sockets = [this.http, this.https].flatMap((agent) => Object.values(agent.freeSockets).flat());
    return sockets.flatMap((socket) => socket?.localPort ?? []);
  }

  /** Closes all connections, streams in flight included. */
  close(): void {
    this.http.destroy();
    this.https.destroy();
  }

  private send(url: URL, init: RequestInit): Promise<IncomingMessage> {
    const body = typeof init.body === 'string' ? init.body : '';
    const options: RequestOptions = {
      method: init.method ?? 'GET',
      headers: {
        ...Object.fromEntries(new Headers(init.headers)),
        ...(body !== '' && { 'content-length': Buffer.byteLength(body) }),
      },
      ...(init.signal != null && { signal: init.signal }),
    };
    return new Promise((resolve, reject) => {
      const request =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, agent: this.https })
          : httpRequest(url, { ...options, agent: this.http });
      const connectTimer = setTimeout(() => request.destroy(connectTimeout(url)), CONNECT_TIMEOUT_MS);
      request.once('socket', (socket) => {
        if (socket.connecting) socket.once('connect', () => clearTimeout(connectTimer));
        else clearTimeout(connectTimer);
      });
      request.once('close', () => clearTimeout(connectTimer));
      request.once('response', resolve);
      request.on('error', reject);
      request.end(body);
    });
  }
}

function connectTimeout(url: URL): Error {
  return Object.assign(new Error(`connect timed out: ${url.host}`), { code: 'ETIMEDOUT' });
}

function isEventStream(response: Response): boolean {
  const type = response.headers.get('content-type') ?? '';
  return response.ok && /^\s*text\/event-stream\s*(;|$)/i.test(type);
}

async function toResponse(message: IncomingMessage): Promise<Response> {
  const headers = new Headers();
  for (const [name, value] of Object.entries(message.headersDistinct)) {
    for (const one of value ?? []) headers.append(name, one);
  }
  const status = message.statusCode ?? 500;
  const head = new Response(null, { status, headers });
  if (isEventStream(head) || isBodyless(status)) return head;
  return new Response(await readBody(message), { status, headers });
}

/** Statuses for which the Response class refuses a body. */
function isBodyless(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES);
}
