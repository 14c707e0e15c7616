/**
 * One POST to a push service. Follows no redirect, dials no address inside (unless told that all are allowed), and is bounded
 * in time from the lookup to the last byte, in the size of the answer's head and body, and in connections. Connections are kept
 * for the next push, since all browsers of a kind have the same service.
 */
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { AddressRefusedError, guardedLookup, type ResolveAll } from '../endpoint/guarded-lookup';
import { isPublicHost } from '../endpoint/endpoint-rules';

export interface PushTransportOptions {
  readonly allowPrivateEndpoints: boolean;
  readonly timeoutMs: number;
  /** Resolves names; default: the system. */
  readonly resolve?: ResolveAll;
  /** Certificates to trust in place of the system's, in PEM. */
  readonly ca?: string;
}

export interface PushRequest {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface PushResponse {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The beginning of the answer, for the log. */
  readonly text: string;
}

const MAX_BODY_BYTES = 16 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
const SHOWN_CHARACTERS = 200;
const CONNECTIONS = { keepAlive: true, maxSockets: 64, maxFreeSockets: 16, maxTotalSockets: 512 };

export class PushTransport {
  private readonly https: HttpsAgent;
  private readonly http = new HttpAgent(CONNECTIONS);
  private readonly lookup: RequestOptions['lookup'];

  constructor(private readonly options: PushTransportOptions) {
    this.https = new HttpsAgent({ ...CONNECTIONS, ...(options.ca !== undefined && { ca: options.ca }) });
    this.lookup = options.allowPrivateEndpoints ? undefined : guardedLookup(options.resolve);
  }

  /** Throws AddressRefusedError, the reason of an aborted signal, TimeoutError, or what the socket says. */
  async post(push: PushRequest, signal: AbortSignal): Promise<PushResponse> {
    const { allowPrivateEndpoints, timeoutMs } = this.options;
    const url = new URL(push.endpoint);
    // The socket looks up names only, so an address has to be checked here.
    if (!allowPrivateEndpoints && (url.protocol !== 'https:' || !isPublicHost(url.hostname)))
      throw new AddressRefusedError(url.hostname);
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new PushTimeoutError(timeoutMs)), timeoutMs);
    const either = AbortSignal.any([signal, timeout.signal]);
    try {
      return await read(await this.sendOnLiveConnection(url, push, either));
    } catch (error) {
      throw either.aborted ? (either.reason as Error) : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes idle connections; requests under way end by their signals. */
  close(): void {
    this.https.destroy();
    this.http.destroy();
  }

  /** A kept connection may be closed by the other side in the very moment of its next use: then another one is taken. */
  private async sendOnLiveConnection(
    url: URL,
    push: PushRequest,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.send(url, push, signal);
      } catch (error) {
        if (!(error instanceof StaleConnectionError) || attempt === CONNECTIONS.maxFreeSockets) throw error;
      }
    }
  }

  private send(url: URL, { headers, body }: PushRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const options: RequestOptions = {
      method: 'POST',
      headers: { ...headers, 'user-agent': 'parley-webpush' },
      maxHeaderSize: MAX_HEADER_BYTES,
      signal,
      ...(this.lookup !== undefined && { lookup: this.lookup }),
    };
    return new Promise((resolve, reject) => {
      const sent =
        url.protocol === 'https:'
          ? httpsRequest(url, { ...options, agent: this.https }, resolve)
          : httpRequest(url, { ...options, agent: this.http }, resolve);
      sent.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(isStale ? new StaleConnectionError(error) : error);
      });
      sent.end(body);
    });
  }
}

class StaleConnectionError extends Error {
  readonly code = 'stale_connection';
  constructor(cause: Error) {
    super(`The push service closed the connection: ${cause.message}`, { cause });
  }
}

export class PushTimeoutError extends Error {
  readonly code = 'push_timeout';
  constructor(timeoutMs: number) {
    super(`The push service did not answer within ${timeoutMs} ms`);
  }
}

/** Takes at most so much of the body; a connection with more to come is not worth keeping. */
async function read(response: IncomingMessage): Promise<PushResponse> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) break;
  }
  return {
    status: response.statusCode ?? 0,
    retryAfter: response.headers['retry-after'],
    text: Buffer.concat(chunks).toString('utf8').slice(0, SHOWN_CHARACTERS),
  };
}
