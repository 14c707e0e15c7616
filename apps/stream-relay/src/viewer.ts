/** One open stream, whatever carries it. Events go in without waiting; what a slow peer does not take is bounded in bytes. */
import type { EventBatch } from './encoded-event';

/** Why the relay ends a stream. All but `deleted` and `unauthorized` invite the client to come back with its cursor. */
export type ClosingReason = 'slow' | 'restarting' | 'unavailable' | 'deleted' | 'unauthorized';

export interface Viewer {
  readonly isClosed: boolean;
  /** Queues the events. A viewer whose buffer is full is closed as `slow`. */
  send(batch: EventBatch): void;
  /** Resolves when the peer has taken what was sent, or the stream is closed. */
  flushed(): Promise<void>;
  /** Shows the peer, and whatever stands between, that the stream lives; closes it when the peer showed no life since the last time. */
  heartbeat(): void;
  /** Ends the stream with a hint. */
  close(reason: ClosingReason): void;
  /** Ends it at once, without a word. */
  destroy(): void;
  /** Calls the listener once, when the stream has ended for whatever reason; at once if it has. */
  onClosed(listener: () => void): void;
}

/** How soon a client may come back: spread out, so that those of a stopped replica do not all arrive at once. */
export interface RetryHint {
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
}

export function retryAfterMs({ minRetryMs, maxRetryMs, random }: RetryHint): number {
  return Math.round(minRetryMs + random() * (maxRetryMs - minRetryMs));
}
