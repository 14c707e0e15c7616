/**
 * The live parts of one attempt at one step, kept for whoever joins in the middle.
 *
 * Parts are numbered without holes from 1. Storage is bounded: an episode that outgrows its bytes forgets all of them and says
 * so, because a text with its beginning cut off is worse than none; the stored message follows anyway.
 */
import type { ChatParts, LivePart } from '@parley/contracts';

export interface EpisodeKey {
  readonly chatId: string;
  readonly historyVersion: number;
  readonly generationAttempt: number;
}

/** Encoded size, below the 1 MiB that the bus carries in one reply, envelope included. */
export const MAX_EPISODE_BYTES = 960 * 1024;

export class Episode {
  private parts: LivePart[] = [];
  private count = 0;
  private storedBytes = 0;
  private hasForgotten = false;
  private closed: number | null = null;

  constructor(
    readonly key: EpisodeKey,
    private readonly maxBytes: number = MAX_EPISODE_BYTES,
  ) {}

  get bytes(): number {
    return this.storedBytes;
  }

  /** When the episode was closed, in the clock's milliseconds; null while it is open. */
  get closedAt(): number | null {
    return this.closed;
  }

  /** Numbers the parts and keeps them. Returns the batch as it goes out. */
  append(parts: LivePart[], bytes: number): ChatParts {
    const batch = this.envelope(this.count + 1, parts);
    this.count += parts.length;
    if (this.storedBytes + bytes > this.maxBytes) this.forget();
    if (!this.hasForgotten) {
      this.parts.push(...parts);
      this.storedBytes += bytes;
    }
    return batch;
  }

  /** What follows `afterSeq`; null when the beginning was forgotten. */
  after(afterSeq: number): ChatParts | null {
    if (this.hasForgotten) return null;
    const known = Math.min(Math.max(afterSeq, 0), this.count);
    return this.envelope(known + 1, this.parts.slice(known));
  }

  close(now: number): void {
    this.closed ??= now;
  }

  /** Drops what is stored, for good. */
  forget(): void {
    this.hasForgotten = true;
    this.parts = [];
    this.storedBytes = 0;
  }

  private envelope(firstSeq: number, parts: LivePart[]): ChatParts {
    return {
      chat_id: this.key.chatId,
      history_version: this.key.historyVersion,
      generation_attempt: this.key.generationAttempt,
      first_seq: firstSeq,
      parts,
    };
  }
}
