/**
 * Values that are read once in a while: kept for a time, at most so many, and so many bytes where their size is known, until
 * `forget`.
 *
 * The promise of a read is what is kept: callers that miss together share it, and a read that `forget` overtook still answers
 * those who wait for it, but nobody else. Failures are not kept.
 */
import { LRUCache } from 'lru-cache';

export interface RememberedOptions<Value> {
  readonly read: (key: string) => Promise<Value>;
  readonly ttlMs: number;
  readonly maxEntries: number;
  /** Bounds the values by `bytesOf`; a value that is larger than all of it is not kept. */
  readonly memory?: { readonly maxBytes: number; readonly bytesOf: (value: Value) => number };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Entry<Value> {
  readonly value: Promise<Value>;
  readonly staleAt: number;
}

/** What an entry takes beside its value, and while its value is not there yet. */
const ENTRY_BYTES = 256;

export class Remembered<Value> {
  private readonly entries: LRUCache<string, Entry<Value>>;

  constructor(private readonly options: RememberedOptions<Value>) {
    const { maxEntries, memory } = options;
    this.entries = new LRUCache({ max: maxEntries, ...(memory && { maxSize: memory.maxBytes }) });
  }

  /** Rejects as the read does. */
  get(key: string): Promise<Value> {
    const now = this.options.now();
    const entry = this.entries.get(key);
    if (entry !== undefined && now < entry.staleAt) return entry.value;
    const fresh = { value: this.options.read(key), staleAt: now + this.options.ttlMs };
    this.keep(key, fresh, ENTRY_BYTES);
    fresh.value.then(
      (value) => {
        const { memory } = this.options;
        if (memory !== undefined && this.entries.peek(key) === fresh)
          this.keep(key, fresh, ENTRY_BYTES + memory.bytesOf(value));
      },
      () => {
        if (this.entries.peek(key) === fresh) this.entries.delete(key);
      },
    );
    return fresh.value;
  }

  /** Forgets one value, or all of them. */
  forget(key?: string): void {
    if (key === undefined) this.entries.clear();
    else this.entries.delete(key);
  }

  private keep(key: string, entry: Entry<Value>, bytes: number): void {
    this.entries.set(key, entry, this.options.memory === undefined ? {} : { size: bytes });
  }
}
