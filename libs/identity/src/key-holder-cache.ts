/**
 * Remembers whose a key is, so that a request on the hot path costs no statement.
 *
 * Entries live at most 10 s (a lost invalidation heals by itself) and never longer than the key. Unknown ids are remembered for 2 s
 * in a store of their own, so that a flood of made-up tokens pushes out nobody. Callers that miss together share one read. A
 * read that was under way when an invalidation came is neither stored nor joined by later callers: it may have seen the old row.
 */
import { LRUCache } from 'lru-cache';
import type { KeyHolder } from './actor';

const TTL_MS = 10_000;
const UNKNOWN_TTL_MS = 2_000;
const MAX_ENTRIES = 20_000;
const MAX_UNKNOWN = 10_000;
const MAX_BYTES = 16 * 1024 * 1024;
const ENTRY_BYTES = 512;
const ORGANIZATION_BYTES = 64;

interface Entry {
  readonly holder: KeyHolder;
  readonly staleAt: number;
}

export class KeyHolderCache {
  private readonly known = new LRUCache<string, Entry>({
    max: MAX_ENTRIES,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ holder }) => ENTRY_BYTES + holder.actor.organizationIds.length * ORGANIZATION_BYTES,
  });
  private readonly unknown = new LRUCache<string, number>({ max: MAX_UNKNOWN });
  private readonly loading = new Map<string, Promise<KeyHolder | null>>();
  private generation = 0;

  constructor(
    private readonly load: (apiKeyId: string) => Promise<KeyHolder | null>,
    private readonly now: () => number,
  ) {}

  /** From memory, or by one shared read. Rejects as the read does; failures are not remembered. */
  async get(apiKeyId: string): Promise<KeyHolder | null> {
    const now = this.now();
    const entry = this.known.get(apiKeyId);
    if (entry !== undefined && now < entry.staleAt) return entry.holder;
    if (now < (this.unknown.get(apiKeyId) ?? 0)) return null;
    return this.loading.get(apiKeyId) ?? this.startLoad(apiKeyId);
  }

  /** Forgets the key `id`, every key of the user `id`, or everything. */
  invalidate(id?: string): void {
    this.generation += 1;
    this.loading.clear();
    this.unknown.clear();
    if (id === undefined) this.known.clear();
    else if (!this.known.delete(id)) this.forgetUser(id);
  }

  private startLoad(apiKeyId: string): Promise<KeyHolder | null> {
    const generation = this.generation;
    const load = this.load(apiKeyId)
      .then((holder) => {
        if (generation === this.generation) this.store(apiKeyId, holder);
        return holder;
      })
      .finally(() => {
        if (this.loading.get(apiKeyId) === load) this.loading.delete(apiKeyId);
      });
    this.loading.set(apiKeyId, load);
    return load;
  }

  private store(apiKeyId: string, holder: KeyHolder | null): void {
    const now = this.now();
    if (holder === null) {
      this.known.delete(apiKeyId);
      this.unknown.set(apiKeyId, now + UNKNOWN_TTL_MS);
    } else {
      this.known.set(apiKeyId, { holder, staleAt: now + Math.min(TTL_MS, holder.validForMs) });
    }
  }

  private forgetUser(userId: string): void {
    for (const [key, { holder }] of this.known.entries()) {
      if (holder.actor.userId === userId) this.known.delete(key);
    }
  }
}
