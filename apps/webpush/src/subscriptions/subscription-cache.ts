/**
 * The subscriptions of users who were notified lately, so that a finished turn costs no statement.
 *
 * An entry lives at most 3 minutes: that is what a lost invalidation costs. Callers that miss together share one read. A read
 * that was under way when an invalidation came is neither kept nor joined by later callers. A list that leaves the cache, for
 * whatever reason, is outdated from then on: whoever was given it looks at `isOutdated` right before using it, and asks again.
 * Bounded by entries and by bytes; the least recently used go first.
 */
import { LRUCache } from 'lru-cache';
import type { StoredSubscription } from './subscription-store';

export interface SubscriptionList {
  readonly subscriptions: readonly StoredSubscription[];
  readonly isOutdated: boolean;
}

export interface SubscriptionCacheOptions {
  readonly load: (userId: string) => Promise<readonly StoredSubscription[]>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
}

export const SUBSCRIPTION_TTL_MS = 3 * 60_000;
const MAX_ENTRIES = 50_000;
const MAX_BYTES = 32 * 1024 * 1024;
const ENTRY_BYTES = 200;
const SUBSCRIPTION_BYTES = 500;

interface Entry {
  subscriptions: readonly StoredSubscription[];
  isOutdated: boolean;
  staleAtMs: number;
}

interface Load {
  readonly entry: Entry;
  readonly done: Promise<Entry>;
}

export class SubscriptionCache {
  private readonly known: LRUCache<string, Entry>;
  private readonly loading = new Map<string, Load>();

  constructor(private readonly options: SubscriptionCacheOptions) {
    this.known = new LRUCache<string, Entry>({
      max: options.maxEntries ?? MAX_ENTRIES,
      maxSize: options.maxBytes ?? MAX_BYTES,
      sizeCalculation: ({ subscriptions }) => ENTRY_BYTES + sum(subscriptions.map(bytesOf)),
      dispose: (entry) => void (entry.isOutdated = true),
    });
  }

  get size(): number {
    return this.known.size;
  }

  /** From memory, or by one shared read. Rejects as the read does; failures are not remembered. */
  async get(userId: string): Promise<SubscriptionList> {
    const entry = this.known.get(userId);
    if (entry !== undefined && this.options.now() < entry.staleAtMs) return entry;
    return (this.loading.get(userId) ?? this.startLoad(userId)).done;
  }

  /** Forgets what is known of a user, or of all. */
  invalidate(userId?: string): void {
    const loads = userId === undefined ? [...this.loading.keys()] : [userId];
    for (const id of loads) this.abandon(id);
    if (userId === undefined) this.known.clear();
    else this.known.delete(userId);
  }

  private abandon(userId: string): void {
    const load = this.loading.get(userId);
    if (load === undefined) return;
    load.entry.isOutdated = true;
    this.loading.delete(userId);
  }

  private startLoad(userId: string): Load {
    const entry: Entry = { subscriptions: [], isOutdated: false, staleAtMs: 0 };
    const done = this.load(userId, entry);
    const load = { entry, done };
    this.loading.set(userId, load);
    return load;
  }

  private async load(userId: string, entry: Entry): Promise<Entry> {
    // A later turn of the event loop, so that the load is registered before it can end.
    await Promise.resolve();
    try {
      entry.subscriptions = await this.options.load(userId);
      entry.staleAtMs = this.options.now() + SUBSCRIPTION_TTL_MS;
      if (!entry.isOutdated) this.known.set(userId, entry);
      return entry;
    } finally {
      if (this.loading.get(userId)?.entry === entry) this.loading.delete(userId);
    }
  }
}

const bytesOf = ({ endpoint }: StoredSubscription): number => SUBSCRIPTION_BYTES + 2 * endpoint.length;
const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
