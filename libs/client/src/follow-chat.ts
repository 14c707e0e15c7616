/**
 * A chat followed for as long as one likes: yields the whole view of it after each change, and reconnects by itself.
 *
 * After a lost connection it resumes from the cursor of the last event, so nothing is missed or shown twice, whichever replica
 * answers. Waits between attempts double and are jittered, so that the clients of a replica that went away do not come back
 * all at once. What asking again cannot mend (401, 404, a bad request) is thrown.
 */
import { ChatView } from './chat-view';
import { ApiError, StreamClosedError } from './errors';
import { openStream, type StreamOptions } from './open-stream';
import type { ParleyClient } from './parley-client';

export interface FollowOptions extends Omit<StreamOptions, 'cursor' | 'afterId'> {
  /** The first wait; default 200 ms. */
  minDelayMs?: number;
  /** Waits double up to this; default 15 s. */
  maxDelayMs?: number;
  /** In [0, 1). */
  random?: () => number;
  /** Told of each lost connection, before the wait. */
  onReconnect?: (reason: unknown, delayMs: number) => void;
}

/** The same `ChatView` each time, changed. Ends when `signal` aborts or the consumer leaves. @throws ApiError */
export async function* followChat(client: ParleyClient, options: FollowOptions): AsyncGenerator<ChatView> {
  const view = new ChatView();
  const { signal, random = Math.random, minDelayMs = 200, maxDelayMs = 15_000 } = options;
  let cursor: string | undefined;
  for (let failures = 0; signal?.aborted !== true; failures += 1) {
    try {
      for await (const event of openStream(client, {
        ...options,
        ...(cursor === undefined ? {} : { cursor }),
      })) {
        failures = 0;
        cursor = event.cursor ?? cursor;
        view.apply(event);
        yield view;
      }
    } catch (error) {
      if (!canComeBack(error)) throw error;
      const longest = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(failures, 20));
      const delayMs = longest * (0.5 + random() / 2);
      options.onReconnect?.(error, delayMs);
      await wait(delayMs, signal);
    }
  }
}

/** A closed stream, a network that is away, a server that is full or restarting. */
function canComeBack(error: unknown): boolean {
  if (error instanceof ApiError) return error.status === 429 || error.status >= 500;
  return error instanceof StreamClosedError;
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
