/**
 * One connection to a stream of the API, as an async iterable of its JSON messages: over SSE by `fetch`, or over a WebSocket.
 *
 * It ends by throwing `StreamClosedError` when the server or the network closes it, and quietly when `signal` aborts or the
 * consumer leaves. It does not reconnect.
 */
import { createParser } from 'eventsource-parser';
import { ApiError, ConnectionError, StreamClosedError } from './errors';
import type { Transport } from './transport';
import type { WebSocketFactory } from './web-socket';

export interface ConnectionOptions {
  signal?: AbortSignal;
  /**
   * As good as closed when nothing came for so long; the server shows life every 15 s, or as often as `RELAY_HEARTBEAT_MS` says.
   * Default 45 s. A list of chats over a WebSocket shows none, and is not ended for it.
   */
  silenceMs?: number;
  /** Makes a WebSocket; absent: SSE. */
  webSocket?: WebSocketFactory;
  /** Told each time a connection is there. */
  onOpen?: () => void;
}

/** A message of either transport. What arrived together comes together. */
export interface Received {
  /** An event of SSE, or a whole frame of a WebSocket. */
  readonly json: unknown;
  /** Of SSE. */
  readonly id: string | undefined;
}

/** The stream of a chat shows life over either transport, as an empty frame of a WebSocket; that of a list only over SSE. */
export type StreamKind = 'chat' | 'list';

const SILENCE_MS = 45_000;

export function openConnection(
  client: Transport,
  { path, kind }: { path: string; kind: StreamKind },
  options: ConnectionOptions,
): AsyncGenerator<Received[]> {
  const { webSocket, silenceMs = SILENCE_MS } = options;
  return webSocket === undefined
    ? overSse(client, path, options)
    : overWebSocket({
        client,
        path,
        connect: webSocket,
        options,
        silenceMs: kind === 'chat' ? silenceMs : undefined,
      });
}

async function* overSse(
  client: Transport,
  path: string,
  { signal, silenceMs = SILENCE_MS, onOpen }: ConnectionOptions,
): AsyncGenerator<Received[]> {
  const abort = new AbortController();
  const stop = (): void => abort.abort();
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted) return;
  let retryMs: number | undefined;
  try {
    const opened = client.open(path, { headers: { Accept: 'text/event-stream' }, signal: abort.signal });
    const response = await unlessSilent(silenceMs, opened);
    onOpen?.();
    const received: Received[] = [];
    const parser = createParser({
      onEvent: ({ data, id }) => received.push({ json: JSON.parse(data), id }),
      onRetry: (ms) => (retryMs = ms),
    });
    const decoder = new TextDecoder();
    for await (const chunk of readChunks(response, silenceMs)) {
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (received.length > 0) yield received.splice(0);
    }
  } catch (error) {
    if (signal?.aborted) return;
    if (error instanceof ApiError || error instanceof ConnectionError) throw error;
    // `fetch` and its body fail with a TypeError of the runtime's own realm, so its class tells nothing. The server said at the start
    // when to come back, in case that it cannot say it at the end.
    throw new StreamClosedError(error instanceof StreamClosedError ? error.reason : String(error), retryMs);
  } finally {
    signal?.removeEventListener('abort', stop);
    abort.abort();
  }
  if (!signal?.aborted) throw new StreamClosedError('the server ended it', retryMs);
}

/** @throws StreamClosedError when nothing came for `silenceMs` */
async function* readChunks(response: Response, silenceMs: number): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  for (;;) {
    const next = await unlessSilent(silenceMs, reader.read());
    if (next.done) return;
    yield next.value;
  }
}

interface WebSocketConnection {
  client: Transport;
  path: string;
  connect: WebSocketFactory;
  options: ConnectionOptions;
  /** Undefined: any silence is fine. */
  silenceMs: number | undefined;
}

async function* overWebSocket({
  client,
  path,
  connect,
  options: { signal, onOpen },
  silenceMs,
}: WebSocketConnection): AsyncGenerator<Received[]> {
  if (signal?.aborted) return;
  const url = `${client.baseUrl.replace(/^http/, 'ws')}/api/v2${path}`;
  const socket = connect(url, client.token === undefined ? {} : { 'Coder-Session-Token': client.token });
  const received: Received[] = [];
  let closed: StreamClosedError | undefined;
  let wake = (): void => {};
  socket.addEventListener('open', () => onOpen?.());
  socket.addEventListener('message', ({ data }) => {
    received.push({ json: JSON.parse(String(data)), id: undefined });
    wake();
  });
  socket.addEventListener('close', ({ code, reason }) => {
    const [, retryMs] = /\bretry_ms=(\d+)/.exec(reason) ?? [];
    closed = new StreamClosedError(
      `${code} ${reason}`.trim(),
      retryMs === undefined ? undefined : Number(retryMs),
    );
    wake();
  });
  // "close" follows every error and tells more.
  socket.addEventListener('error', () => {});
  const stop = (): void => {
    socket.close();
    wake();
  };
  signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      if (signal?.aborted) return;
      if (received.length > 0) yield received.splice(0);
      else if (closed !== undefined) throw closed;
      else await unlessSilent(silenceMs, new Promise<void>((resolve) => (wake = resolve)));
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    socket.close();
  }
}

/** @throws StreamClosedError when `silenceMs` are over first; undefined: they never are */
async function unlessSilent<T>(silenceMs: number | undefined, awaited: Promise<T>): Promise<T> {
  if (silenceMs === undefined) return awaited;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new StreamClosedError(`silent for ${silenceMs} ms`)), silenceMs);
  });
  return Promise.race([awaited, silence]).finally(() => clearTimeout(timer));
}
