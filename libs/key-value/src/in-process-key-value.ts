/**
 * The store of one process. Bounded by entries and bytes: when full, what has expired goes first, then the oldest entries.
 */
import { KeyValueUnavailableError, NotACounterError } from './errors';
import type { KeyValue, TimeToLive } from './key-value';

export interface InProcessKeyValueOptions {
  /** Default 100,000. */
  readonly maxEntries?: number;
  /** Keys and values together, as UTF-8. Default 32 MiB. */
  readonly maxBytes?: number;
  readonly clock?: { now(): number };
}

interface Entry {
  readonly value: string;
  readonly expiresAtMs: number;
  readonly bytes: number;
}

export function createInProcessKeyValue(options: InProcessKeyValueOptions = {}): KeyValue {
  return new InProcessKeyValue(options);
}

class InProcessKeyValue implements KeyValue {
  private readonly entries = new Map<string, Entry>();
  private readonly maxEntries: number;
  private readonly maxBytes: number;
  private readonly clock: { now(): number };
  private bytes = 0;
  private isClosed = false;

  constructor(options: InProcessKeyValueOptions) {
    this.maxEntries = options.maxEntries ?? 100_000;
    this.maxBytes = options.maxBytes ?? 32 * 1024 * 1024;
    this.clock = options.clock ?? Date;
  }

  get isConnected(): boolean {
    return !this.isClosed;
  }

  get(key: string): Promise<string | undefined> {
    return this.answer(() => this.live(key)?.value);
  }

  set(key: string, value: string, { ttlMs }: TimeToLive): Promise<void> {
    return this.answer(() => this.put(key, value, this.clock.now() + ttlMs));
  }

  setIfAbsent(key: string, value: string, { ttlMs }: TimeToLive): Promise<boolean> {
    return this.answer(() => {
      if (this.live(key)) return false;
      this.put(key, value, this.clock.now() + ttlMs);
      return true;
    });
  }

  delete(key: string): Promise<void> {
    return this.answer(() => this.remove(key));
  }

  increment(key: string, { ttlMs }: TimeToLive): Promise<number> {
    return this.answer(() => {
      const entry = this.live(key);
      const count = entry ? Number(entry.value) + 1 : 1;
      if (entry && !/^-?\d+$/.test(entry.value)) throw new NotACounterError(key);
      this.put(key, String(count), entry?.expiresAtMs ?? this.clock.now() + ttlMs);
      return count;
    });
  }

  compareAndDelete(key: string, expected: string): Promise<boolean> {
    return this.answer(() => {
      if (this.live(key)?.value !== expected) return false;
      this.remove(key);
      return true;
    });
  }

  close(): Promise<void> {
    this.isClosed = true;
    this.entries.clear();
    return Promise.resolve();
  }

  private answer<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => {
      if (this.isClosed) throw new KeyValueUnavailableError('it is closed');
      resolve(work());
    });
  }

  private live(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (entry && entry.expiresAtMs <= this.clock.now()) {
      this.remove(key);
      return undefined;
    }
    return entry;
  }

  private put(key: string, value: string, expiresAtMs: number): void {
    const existing = this.entries.get(key);
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(value);
    this.bytes += bytes - (existing?.bytes ?? 0);
    this.entries.set(key, { value, expiresAtMs, bytes });
    if (this.isOver()) this.removeExpired();
    // The entry just written is the last one in order (or an old one counted up), and goes only if it alone is too large.
    for (const oldest of this.entries.keys()) {
      if (!this.isOver()) break;
      this.remove(oldest);
    }
  }

  private isOver(): boolean {
    return this.entries.size > this.maxEntries || this.bytes > this.maxBytes;
  }

  private removeExpired(): void {
    const now = this.clock.now();
    for (const [key, entry] of this.entries) if (entry.expiresAtMs <= now) this.remove(key);
  }

  private remove(key: string): void {
    const entry = this.entries.get(key);
    if (!entry) return;
    this.entries.delete(key);
    this.bytes -= entry.bytes;
  }
}
