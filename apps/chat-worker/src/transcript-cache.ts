/**
 * Transcripts of the chats this worker owns, so that a follow-up turn reads no message.
 *
 * An entry is valid for exactly one history version: whoever asks names the one it works on, and gets nothing if the entry is of
 * another. Bounded by bytes, least recently used first out; a transcript too large for the cache is read anew each time.
 */
import { LRUCache } from 'lru-cache';
import type { TranscriptRow } from '@parley/chat-state';

export interface Transcript {
  readonly historyVersion: number;
  readonly rows: readonly TranscriptRow[];
}

interface Entry extends Transcript {
  readonly bytes: number;
}

const ENTRY_OVERHEAD_BYTES = 512;
const MAX_ENTRIES = 50_000;

export class TranscriptCache {
  private readonly entries: LRUCache<string, Entry>;

  constructor(options: { readonly maxBytes: number }) {
    this.entries = new LRUCache({
      maxSize: options.maxBytes,
      max: MAX_ENTRIES,
      sizeCalculation: (entry) => entry.bytes,
    });
  }

  get(chatId: string, historyVersion: number): Transcript | undefined {
    const entry = this.entries.get(chatId);
    return entry?.historyVersion === historyVersion ? entry : undefined;
  }

  put(chatId: string, transcript: Transcript): void {
    this.entries.set(chatId, { ...transcript, bytes: ENTRY_OVERHEAD_BYTES + bytesOf(transcript.rows) });
  }

  /** Brings the entry of history `from` to history `to` by adding rows; an entry of another history is dropped. */
  extend(chatId: string, step: { from: number; to: number; rows: readonly TranscriptRow[] }): void {
    const entry = this.entries.peek(chatId);
    if (entry === undefined) return;
    if (entry.historyVersion !== step.from) {
      if (entry.historyVersion !== step.to) this.entries.delete(chatId);
      return;
    }
    const rows = [...entry.rows, ...step.rows];
    if (step.rows.some((row) => row.compressed))
      return this.put(chatId, { historyVersion: step.to, rows: fromBoundary(rows) });
    this.entries.set(chatId, {
      historyVersion: step.to,
      rows,
      bytes: entry.bytes + bytesOf(step.rows),
    });
  }

  drop(chatId: string): void {
    this.entries.delete(chatId);
  }

  get bytes(): number {
    return this.entries.calculatedSize;
  }
}

/** As Postgres gives them: before the newest boundary nothing but system messages. */
function fromBoundary(rows: readonly TranscriptRow[]): TranscriptRow[] {
  const boundary = rows.findLastIndex((row) => row.compressed);
  return rows.filter(
    (row, index) => index === boundary || (!row.compressed && (index > boundary || row.role === 'system')),
  );
}

/** Strings are at most two bytes a unit in memory; JSON's own punctuation stands for the objects around them. */
function bytesOf(rows: readonly TranscriptRow[]): number {
  return rows.reduce((sum, row) => sum + 2 * JSON.stringify(row).length, 0);
}
