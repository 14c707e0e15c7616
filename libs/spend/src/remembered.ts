/**
 * Values that are read once in a while: kept for a time, at most so many, until `forget`.
 *
 * The promise of a read is what is kept: callers that miss together share it, and a read that `forget` overtook still answers
 * those who wait for it, but nobody else. Failures are not kept.
 */
import { LRUCache } from 'lru-cache';

export interface RememberedOptions<Value> {
  readonly read: (key: string) => Promise<Value>;
  readonly ttlMs: number;
  readonly maxEntries: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Entry<Value> {
  readonly value: Promise<Value>;
  readonly staleAt: number;
}

export class Remembered<Value> {
  private readonly entries: LRUCache<string, Entry<Value>>;

  constructor(private readonly options: RememberedOptions<Value>) {
    this.entries = new LRUCache({ max: options.maxEntries });
  }

  /** Rejects as the read does. */
  get(key: string): Promise<Value> {
    const now = this.options.now();
    const entry = this.entries.get(key);
    if (entry !== undefined && now < entry.staleAt) return entry.value;
    const fresh = { value: this.options.read(key), staleAt: now + this.options.ttlMs };
    this.entries.set(key, fresh);
    fresh.value.catch(() => {
      if (this.entries.peek(key) === fresh) this.entries.delete(key);
    });
    return fresh.value;
  }

  forget(): void {
    this.entries.clear();
  }
}
