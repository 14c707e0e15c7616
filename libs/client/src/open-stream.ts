/**
 * One connection to a chat's stream, as an async iterable of events: over SSE by `fetch`, or over a WebSocket.
 *
 * It ends by throwing `StreamClosedError` when the server or the network closes it, and quietly when `signal` aborts or the
 * consumer leaves. It does not reconnect: whoever wants that opens another with the last cursor.
 */
import type { StreamEvent } from '@parley/contracts';
import { createParser } from 'eventsource-parser';
import { StreamClosedError } from './errors';
import type { ParleyClient } from './parley-client';

/** The part of the standard WebSocket that is used; `ws` and browsers both have it. */
export interface WebSocketLike {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: 'error', listener: (event: unknown) => void): void;
  close(): void;
}

export interface StreamOptions {
  chatId: string;
  /** Only messages with a greater id are sent first; 0 or absent: all. */
  afterId?: number;
  /** Where an earlier stream of this chat ended: only what is lacking is sent. Wins over `afterId`. */
  cursor?: string;
  signal?: AbortSignal;
  /** Makes a WebSocket; absent: SSE. Browsers cannot set headers on it, so the cookie must be there. */
  webSocket?: (url: string, headers: Record<string, string>) => WebSocketLike;
}

export function openStream(client: ParleyClient, options: StreamOptions): AsyncIterable<StreamEvent> {
  return options.webSocket === undefined
    ? overSse(client, options)
    : overWebSocket(client, options.webSocket, options);
}

function streamPath({ chatId, afterId, cursor }: StreamOptions): string {
  const query = new URLSearchParams();
  if (cursor !== undefined) query.set('cursor', cursor);
  else if (afterId !== undefined) query.set('after_id', String(afterId));
  return `/chats/${chatId}/stream${query.size === 0 ? '' : `?${query.toString()}`}`;
}

async function* overSse(client: ParleyClient, options: StreamOptions): AsyncGenerator<StreamEvent> {
  const { signal } = options;
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) return;
  try {
    const response = await client.open(streamPath(options), {
      headers: { Accept: 'text/event-stream' },
      signal: abort.signal,
    });
    const events: StreamEvent[] = [];
    const parser = createParser({ onEvent: ({ data }) => events.push(JSON.parse(data) as StreamEvent) });
    const decoder = new TextDecoder();
    for await (const chunk of readChunks(response)) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      yield* events.splice(0);
    }
  } catch (error) {
    if (signal?.aborted) return;
    throw error instanceof TypeError ? new StreamClosedError(error.message) : error;
  } finally {
    signal?.removeEventListener('abort', stop);
    abort.abort();
  }
  if (!signal?.aborted) throw new StreamClosedError('the server ended it');
}

async function* readChunks(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

async function* overWebSocket(
  client: ParleyClient,
  connect: NonNullable<StreamOptions['webSocket']>,
  options: StreamOptions,
): AsyncGenerator<StreamEvent> {
  if (options.signal?.aborted) return;
  const url = `${client.baseUrl.replace(/^http/, 'ws')}/api/v2${streamPath(options)}`;
  const socket = connect(url, client.token === undefined ? {} : { 'Coder-Session-Token': client.token });
  const received: StreamEvent[] = [];
  let closed: StreamClosedError | undefined;
  let wake = (): void => {};
  socket.addEventListener('message', ({ data }) => {
    received.push(...(JSON.parse(String(data)) as StreamEvent[]));
    wake();
  });
  socket.addEventListener('close', ({ code, reason }) => {
    closed = new StreamClosedError(`${code} ${reason}`.trim());
    wake();
  });
  // "close" follows every error and tells more.
  socket.addEventListener('error', () => {});
  const stop = (): void => socket.close();
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      yield* received.splice(0);
      if (received.length > 0) continue;
      if (options.signal?.aborted) return;
      if (closed !== undefined) throw closed;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    options.signal?.removeEventListener('abort', stop);
    socket.close();
  }
}
