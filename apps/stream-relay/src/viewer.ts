/** One open stream, whatever carries it. Events go in without waiting; what a slow peer does not take is bounded in bytes. */
import type { Outgoing } from './encoded-event';

/** Why the relay ends a stream. */
export type ClosingReason = 'slow' | 'restarting' | 'unavailable' | 'deleted' | 'unauthorized';

export interface Viewer {
  readonly isClosed: boolean;
  /** Queues the events. A viewer whose buffer is full is closed as `slow`. */
  send(outgoing: Outgoing): void;
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

export interface Closing {
  /** RFC 6455 section 7.4, and its registry at IANA for 1012 and 1013. */
  readonly webSocketCode: number;
  readonly text: string;
  readonly invitesBack: boolean;
}

export const CLOSINGS: Readonly<Record<ClosingReason, Closing>> = {
  slow: { webSocketCode: 1013, text: 'too slow a reader: resume with your cursor', invitesBack: true },
  restarting: { webSocketCode: 1012, text: 'this server restarts: resume elsewhere', invitesBack: true },
  unavailable: { webSocketCode: 1013, text: 'not available now: resume with your cursor', invitesBack: true },
  deleted: { webSocketCode: 1000, text: 'the chat was deleted', invitesBack: false },
  unauthorized: { webSocketCode: 1008, text: 'the session has ended', invitesBack: false },
};

/** How soon a client may come back: spread out, so that those of a stopped replica do not all arrive at once. */
export interface RetrySpread {
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
  /** From 0 to 1. */
  readonly random: () => number;
}

export function retryAfterMs({ minRetryMs, maxRetryMs, random }: RetrySpread): number {
  return Math.round(minRetryMs + random() * (maxRetryMs - minRetryMs));
}

export interface ViewerOptions {
  /** What may wait for a peer beyond the batch on its way. */
  readonly maxBufferedBytes: number;
  readonly retry: RetrySpread;
  /** How often `heartbeat` is called. */
  readonly heartbeatMs: number;
  /** How long a closed peer may take to hear of it. */
  readonly closeGraceMs: number;
}

/** Told of what passes through a viewer. */
export interface ViewerCounts {
  eventsSent: number;
  bytesSent: number;
  slowViewersDropped: number;
  deadViewersDropped: number;
}

/** Runs listeners once. */
export class Ending {
  private readonly listeners: (() => void)[] = [];
  private hasHappened = false;

  get isOver(): boolean {
    return this.hasHappened;
  }

  on(listener: () => void): void {
    if (this.hasHappened) listener();
    else this.listeners.push(listener);
  }

  happen(): void {
    this.hasHappened = true;
    for (const listener of this.listeners.splice(0)) listener();
  }
}
