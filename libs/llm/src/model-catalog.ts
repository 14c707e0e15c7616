/**
 * Which model a chat talks to: resolves the id of a model config to a client that is ready to be called.
 *
 * Configuration is read about once a minute and model, not once a turn: entries are kept for 60 s, at most 1,000 of them, simultaneous
 * reads of one model are one read, and `invalidate` (wired to `config.providers.changed` and `config.models.changed`) drops what
 * changed. A read that began before an invalidation answers those who waited for it, but is not kept, so that a slow read never brings
 * back what was just dropped. Refusals are not kept: a key that was just entered works at once.
 *
 * Where a provider takes keys of users, a model is resolved for its user, once a minute too: one read more, of the key.
 */
import type { Clock, ModelCallConfig, ModelPrices, ProviderType } from '@parley/contracts';
import { type Queryable, Remembered } from '@parley/database';
import { LRUCache } from 'lru-cache';
import type { ModelClient } from './model-client';
import { type ModelFactory, readStoredModel, readUserKey, type StoredModel } from './stored-model';

export interface ResolvedModel {
  readonly modelConfigId: string;
  readonly organizationId: string;
  readonly providerId: string;
  readonly provider: ProviderType;
  readonly modelName: string;
  /** Tokens. */
  readonly contextLimit: number;
  /** Percent of the context limit. */
  readonly compressionThreshold: number;
  readonly callConfig: ModelCallConfig;
  readonly prices: ModelPrices;
  readonly client: ModelClient;
}

export interface ModelCatalogOptions extends ModelFactory {
  readonly database: Queryable;
  readonly clock: Pick<Clock, 'now'>;
}

export const CATALOG_TTL_MS = 60_000;
const MAX_ENTRIES = 1_000;
const MAX_OF_USERS = 5_000;

interface Entry {
  readonly stored: StoredModel;
  /** With the deployment's key; null where the model is resolved for its user. */
  readonly model: ResolvedModel | null;
  readonly expiresAt: number;
}

export class ModelCatalog {
  private readonly entries = new LRUCache<string, Entry>({ max: MAX_ENTRIES });
  private readonly reads = new Map<string, Promise<Entry>>();
  private readonly ofUsers: Remembered<ResolvedModel>;
  private generation = 0;

  constructor(private readonly options: ModelCatalogOptions) {
    this.ofUsers = new Remembered({
      read: (key) => this.readForUser(key),
      ttlMs: CATALOG_TTL_MS,
      maxEntries: MAX_OF_USERS,
      now: () => options.clock.now(),
    });
  }

  /**
   * @param userId who pays where the provider takes keys of users: the owner of the chat
   * @throws ModelError of kind `config` (unknown, deleted or disabled model), `provider_disabled` or `missing_key`; whatever the
   * database throws
   */
  async resolve(modelConfigId: string, userId?: string): Promise<ResolvedModel> {
    const { stored, model } = await this.entryOf(modelConfigId);
    if (model !== null) return model;
    if (userId === undefined) return stored.resolve(null, this.options);
    return this.ofUsers.get(`${modelConfigId} ${userId}`);
  }

  /** Forgets the model, or all models of the provider, with this id; everything without one. What users' keys opened goes always. */
  invalidate(id?: string): void {
    this.generation += 1;
    // Whoever asks from now on starts a read of its own.
    this.reads.clear();
    this.ofUsers.forget();
    if (id === undefined) this.entries.clear();
    for (const [key, { stored }] of [...this.entries]) {
      if (key === id || stored.providerId === id) this.entries.delete(key);
    }
  }

  private async entryOf(modelConfigId: string): Promise<Entry> {
    const entry = this.entries.get(modelConfigId);
    if (entry !== undefined && entry.expiresAt > this.options.clock.now()) return entry;
    const reading = this.reads.get(modelConfigId);
    if (reading !== undefined) return reading;
    const read = this.read(modelConfigId, this.generation);
    this.reads.set(modelConfigId, read);
    try {
      return await read;
    } finally {
      if (this.reads.get(modelConfigId) === read) this.reads.delete(modelConfigId);
    }
  }

  private async read(modelConfigId: string, generation: number): Promise<Entry> {
    const { database, clock } = this.options;
    const stored = await readStoredModel(database, modelConfigId);
    const model = stored.takesUserKeys ? null : stored.resolve(null, this.options);
    const entry = { stored, model, expiresAt: clock.now() + CATALOG_TTL_MS };
    if (generation === this.generation) this.entries.set(modelConfigId, entry);
    return entry;
  }

  private async readForUser(key: string): Promise<ResolvedModel> {
    const [modelConfigId = '', userId = ''] = key.split(' ');
    const { stored } = await this.entryOf(modelConfigId);
    const userKey = await readUserKey(this.options.database, { userId, providerId: stored.providerId });
    return stored.resolve(userKey, this.options);
  }
}
