/**
 * The small shared store: rate limits, debounces, locks, short-lived keys. Everything in it may vanish at any time (eviction, a
 * restart), so nothing that matters lives only here; therefore every value has a time to live.
 *
 * All methods throw KeyValueUnavailableError, quickly, when the store is away.
 */
export interface TimeToLive {
  /** Milliseconds, at least 1. */
  readonly ttlMs: number;
}

export interface KeyValue {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string, options: TimeToLive): Promise<void>;
  /** Whether it was set: false when the key had a value, which stays as it is. */
  setIfAbsent(key: string, value: string, options: TimeToLive): Promise<boolean>;
  delete(key: string): Promise<void>;
  /** Counts up from 1, atomically. The time to live is that of the first increment. Throws NotACounterError. */
  increment(key: string, options: TimeToLive): Promise<number>;
  /** Deletes the key only while it holds `expected`, atomically: how the owner of a lock gives it back. */
  compareAndDelete(key: string, expected: string): Promise<boolean>;
  /** Whether calls have a chance now. */
  readonly isConnected: boolean;
  close(): Promise<void>;
}

/** Where the store reports that it is away. A pino logger fits. */
export interface KeyValueLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
