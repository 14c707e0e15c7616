/**
 * One connection to a chat's stream, as an async iterable of events: over SSE by `fetch`, or over a WebSocket.
 *
 * It ends by throwing `StreamClosedError` when the server or the network closes it, and quietly when `signal` aborts or the
 * consumer leaves. It does not reconnect: `followChat` does, with the cursor of the last event.
 */
import type { StreamEvent } from '@parley/contracts';
import { createParser } from 'eventsource-parser';
import { ApiError, StreamClosedError } from './errors';
import type { ParleyClient } from './parley-client';

/** The part of the standard WebSocket that is used; `ws` and browsers both have it. */
export interface WebSocketLike {
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: 'error', listener: (event: unknown) => void): void;
  close(): void;
}

/** An event, with the place in the stream that follows it. */
export type PlacedEvent = StreamEvent & { cursor?: string };

export interface StreamOptions {
  chatId: string;
  /** Only messages with a greater id are sent first; 0 or absent: all. */
  afterId?: number;
  /** Where an earlier stream of this chat ended: only what is lacking is sent. Wins over `afterId`. */
  cursor?: string;
  signal?: AbortSignal;
  /** SSE: as good as closed when nothing came for so long; the server shows life every 15 s. Default 45 s. */
  silenceMs?: number;
  /** Makes a WebSocket; absent: SSE. Browsers cannot set headers on it, so the cookie must be there. */
  webSocket?: (url: string, headers: Record<string, string>) => WebSocketLike;
}

const SILENCE_MS = 45_000;

export function openStream(client: ParleyClient, options: StreamOptions): AsyncIterable<PlacedEvent> {
  return options.webSocket === undefined
    ? overSse(client, options)
    : overWebSocket(client, options.webSocket, options);
}

function streamPath({ chatId, afterId, cursor }: StreamOptions): string {
  const query = new URLSearchParams();
  // An empty cursor asks for cursors and says that there is none yet.
  query.set('cursor', cursor ?? '');
  if (cursor === undefined && afterId !== undefined) query.set('after_id', String(afterId));
  return `/chats/${chatId}/stream?${query.toString()}`;
}

async function* overSse(client: ParleyClient, options: StreamOptions): AsyncGenerator<PlacedEvent> {
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
    const events: PlacedEvent[] = [];
    const parser = createParser({
      onEvent: ({ data, id }) =>
        events.push({ ...(JSON.parse(data) as StreamEvent), ...(id === undefined ? {} : { cursor: id }) }),
    });
    const decoder = new TextDecoder();
    for await (const chunk of readChunks(response, options.silenceMs ?? SILENCE_MS)) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      yield* events.splice(0);
    }
  } catch (error) {
    if (signal?.aborted) return;
    // `fetch` and its body fail with a TypeError of the runtime's own realm, so its class tells nothing.
    throw error instanceof ApiError || error instanceof StreamClosedError
      ? error
      : new StreamClosedError(String(error));
  } finally {
    signal?.removeEventListener('abort', stop);
    abort.abort();
  }
  if (!signal?.aborted) throw new StreamClosedError('the server ended it');
}

/** @throws StreamClosedError when nothing came for `silenceMs` */
async function* readChunks(response: Response, silenceMs: number): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  for (;;) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const silence = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new StreamClosedError(`silent for ${silenceMs} ms`)), silenceMs);
    });
    try {
      const next = await Promise.race([reader.read(), silence]);
      if (next.done) return;
      yield next.value;
    } finally {
      clearTimeout(timer);
    }
  }
}

async function* overWebSocket(
  client: ParleyClient,
  connect: NonNullable<StreamOptions['webSocket']>,
  options: StreamOptions,
): AsyncGenerator<PlacedEvent> {
  if (options.signal?.aborted) return;
  const url = `${client.baseUrl.replace(/^http/, 'ws')}/api/v2${streamPath(options)}`;
  const socket = connect(url, client.token === undefined ? {} : { 'Coder-Session-Token': client.token });
  const received: PlacedEvent[] = [];
  let closed: StreamClosedError | undefined;
  let wake = (): void => {};
  socket.addEventListener('message', ({ data }) => {
    received.push(...(JSON.parse(String(data)) as PlacedEvent[]));
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
