/**
 * Connections that come back by themselves. What asking again cannot mend (401, 404, a bad request) is thrown.
 *
 * The server says when to come back, spread out for all its clients, over SSE already when the stream begins. A WebSocket that was cut
 * without a word waits a random while; after that waits double and are jittered. Either way the clients of a replica that went away
 * do not return all at once.
 */
import { ApiError, ConnectionError, StreamClosedError } from './errors';

export interface ReconnectOptions {
  signal?: AbortSignal;
  /** The first wait when the server asked for none; default 200 ms. */
  minDelayMs?: number;
  /** The first wait after a cut without a word from the server lies anywhere up to this; default 2 s. */
  cutSpreadMs?: number;
  /** Waits double up to this; default 15 s. */
  maxDelayMs?: number;
  /** In [0, 1). */
  random?: () => number;
  /** Told of each lost connection, before the wait. */
  onReconnect?: (reason: unknown, delayMs: number) => void;
}

export interface Connecting<Item> {
  /** One connection, to its end. */
  connect: () => AsyncIterable<Item>;
  /** For connections that hide why they were refused, as WebSockets do: asked after a second failure in a row, and throws the reason. */
  check: (() => Promise<unknown>) | undefined;
}

/** The items of one connection after another. Ends when `signal` aborts or the consumer leaves. @throws ApiError */
export async function* reconnecting<Item>(
  { connect, check }: Connecting<Item>,
  options: ReconnectOptions,
): AsyncGenerator<Item> {
  const { signal } = options;
  for (let failures = 0; signal?.aborted !== true; failures += 1) {
    try {
      if (failures > 1) await check?.();
      for await (const item of connect()) {
        failures = 0;
        yield item;
      }
    } catch (error) {
      if (!canComeBack(error)) throw error;
      const delayMs = delayOf(error, failures, options);
      options.onReconnect?.(error, delayMs);
      await wait(delayMs, signal);
    }
  }
}

function delayOf(error: unknown, failures: number, options: ReconnectOptions): number {
  const { random = Math.random, minDelayMs = 200, cutSpreadMs = 2_000, maxDelayMs = 15_000 } = options;
  const longest = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(failures, 20));
  const ownMs = longest * (0.5 + random() / 2);
  const asked =
    error instanceof ApiError || error instanceof StreamClosedError ? error.retryAfterMs : undefined;
  if (asked !== undefined) return Math.max(asked, ownMs);
  // All whom one replica served are cut together, and each of them knows only of itself.
  const isFirstCut = error instanceof StreamClosedError && failures === 0;
  return isFirstCut ? Math.max(ownMs, cutSpreadMs * random()) : ownMs;
}

/** A closed stream, a network that is away, a server that is full or restarting. */
function canComeBack(error: unknown): boolean {
  if (error instanceof ApiError) return error.status === 429 || error.status >= 500;
  return error instanceof StreamClosedError || error instanceof ConnectionError;
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
    if (signal?.aborted) done();
  });
}
