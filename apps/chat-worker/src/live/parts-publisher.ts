/**
 * Puts the live parts of one episode on the bus: the first at once, the rest every 30 ms or 8 KiB, adjacent deltas joined before
 * they are numbered. All episodes of a process wait for the same ticks, so that one write carries what all of them have.
 *
 * Never hurts the answer: whatever the bus refuses is dropped (viewers fill the hole from the episode, or wait for the stored
 * message), and nothing here is awaited by the turn but `close`.
 */
import { subjects, type Clock, type LivePart } from '@parley/contracts';
import type { Bus } from '@parley/bus';
import type { Episode, EpisodeKey } from './episode';
import type { Episodes } from './episodes';
import { cutDelta, deltaOf, mergeParts, withDelta } from './merge-parts';

const FLUSH_INTERVAL_MS = 30;
const FLUSH_LENGTH = 8 * 1024;
/** A part that is no delta and larger than this is left to the stored message. */
const MAX_PART_LENGTH = 192 * 1024;
/** A reason made once: without one each abort makes an error, with its stack. */
const CLOSED = new Error('The episode is closed');

export interface PartsPublisherOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly episodes: Episodes;
  readonly key: EpisodeKey;
  readonly onPublished?: (count: number) => void;
  readonly onRefusal: (error: unknown) => void;
}

export class PartsPublisher {
  private readonly episode: Episode;
  private readonly closing = new AbortController();
  private pending: LivePart[] = [];
  private pendingLength = 0;
  private lastFlushAt = Number.NEGATIVE_INFINITY;
  private timer: Promise<void> | null = null;

  constructor(private readonly options: PartsPublisherOptions) {
    this.episode = options.episodes.open(options.key);
  }

  push(live: LivePart): void {
    const delta = deltaOf(live.part);
    if (delta === null) {
      const length = JSON.stringify(live).length;
      if (length > MAX_PART_LENGTH) return;
      this.take(live, length);
    } else {
      for (const piece of cutDelta(delta))
        this.take({ ...live, part: withDelta(live.part, piece) }, piece.length);
    }
    this.flushOrWait();
  }

  /** Sends what is left and ends the episode. */
  async close(): Promise<void> {
    this.flush();
    this.options.episodes.close(this.episode);
    if (this.timer === null) return;
    this.closing.abort(CLOSED);
    await this.timer;
  }

  private take(live: LivePart, length: number): void {
    const last = this.pending.at(-1);
    const merged = last === undefined ? null : mergeParts(last, live);
    if (merged === null) this.pending.push(live);
    else this.pending[this.pending.length - 1] = merged;
    this.pendingLength += length;
    if (this.pendingLength >= FLUSH_LENGTH) this.flush();
  }

  private flushOrWait(): void {
    if (this.pending.length === 0 || this.timer !== null) return;
    const now = this.options.clock.now();
    if (now - this.lastFlushAt >= FLUSH_INTERVAL_MS) this.flush();
    else this.timer = this.flushAfter(FLUSH_INTERVAL_MS - (now % FLUSH_INTERVAL_MS));
  }

  private async flushAfter(ms: number): Promise<void> {
    try {
      await this.options.clock.sleep(ms, { name: 'flush parts', signal: this.closing.signal });
    } catch {
      return; // closed: the last flush has been made
    } finally {
      this.timer = null;
    }
    this.flush();
  }

  private flush(): void {
    const parts = this.pending;
    if (parts.length === 0) return;
    this.pending = [];
    this.lastFlushAt = this.options.clock.now();
    this.pendingLength = 0;
    const { bus, episodes, key, onPublished, onRefusal } = this.options;
    try {
      bus.publish(subjects.chatParts(key.chatId), episodes.append(this.episode, parts));
      onPublished?.(parts.length);
    } catch (error) {
      onRefusal(error);
    }
  }
}
