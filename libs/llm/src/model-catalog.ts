/**
 * Which model a chat talks to: resolves the id of a model config to a client that is ready to be called.
 *
 * Configuration is read about once a minute and model, not once a turn: entries are kept for 60 s, at most 1,000 of them, simultaneous
 * reads of one model are one read, and `invalidate` (wired to `config.providers.changed` and `config.models.changed`) drops what
 * changed. A read that began before an invalidation answers those who waited for it, but is not kept, so that a slow read never brings
 * back what was just dropped. Refusals are not kept: a key that was just entered works at once.
 */
import {
  type Clock,
  type ModelCallConfig,
  modelCallConfig,
  type ModelPrices,
  type ProviderType,
} from '@parley/contracts';
import { type Queryable, sql } from '@parley/database';
import { LRUCache } from 'lru-cache';
import type { ModelConnection } from './adapters/model-connection';
import { ModelError } from './errors';
import type { ModelClient } from './model-client';

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

export interface ModelCatalogOptions {
  readonly database: Queryable;
  readonly clock: Pick<Clock, 'now'>;
  readonly createClient: (connection: ModelConnection) => ModelClient;
  /** @throws when the key with this id is not configured */
  readonly decryptSecret: (encrypted: Buffer, keyId: string) => string;
}

export const CATALOG_TTL_MS = 60_000;
const MAX_ENTRIES = 1_000;

const selectModel = sql(
  'select_model_with_provider',
  `select m.id, m.organization_id, m.model, m.context_limit, m.compression_threshold, m.options, m.enabled, m.deleted,
          m.input_price_per_million_tokens, m.output_price_per_million_tokens,
          m.cache_read_price_per_million_tokens, m.cache_write_price_per_million_tokens,
          p.id as provider_id, p.type, p.base_url, p.api_key_encrypted, p.api_key_key_id, p.enabled as provider_enabled
     from chat_model_configs m
     join chat_providers p on p.id = m.ai_provider_id
    where m.id = $1`,
);

interface ModelRow extends ModelPrices {
  readonly id: string;
  readonly organization_id: string;
  readonly model: string;
  readonly context_limit: number;
  readonly compression_threshold: number;
  readonly options: unknown;
  readonly enabled: boolean;
  readonly deleted: boolean;
  readonly provider_id: string;
  readonly type: ProviderType;
  readonly base_url: string | null;
  readonly api_key_encrypted: Buffer | null;
  readonly api_key_key_id: string | null;
  readonly provider_enabled: boolean;
}

interface Entry {
  readonly model: ResolvedModel;
  readonly expiresAt: number;
}

export class ModelCatalog {
  private readonly entries = new LRUCache<string, Entry>({ max: MAX_ENTRIES });
  private readonly reads = new Map<string, Promise<ResolvedModel>>();
  private generation = 0;

  constructor(private readonly options: ModelCatalogOptions) {}

  /**
   * @throws ModelError of kind `config` (unknown, deleted or disabled model), `provider_disabled` or `missing_key`; whatever the
   * database throws
   */
  async resolve(modelConfigId: string): Promise<ResolvedModel> {
    const entry = this.entries.get(modelConfigId);
    if (entry !== undefined && entry.expiresAt > this.options.clock.now()) return entry.model;
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

  /** Forgets the model, or all models of the provider, with this id; everything without one. */
  invalidate(id?: string): void {
    this.generation += 1;
    // Whoever asks from now on starts a read of its own.
    this.reads.clear();
    if (id === undefined) this.entries.clear();
    for (const [key, { model }] of [...this.entries]) {
      if (key === id || model.providerId === id) this.entries.delete(key);
    }
  }

  private async read(modelConfigId: string, generation: number): Promise<ResolvedModel> {
    const [row] = await this.options.database.query<ModelRow>(selectModel, [modelConfigId]);
    const model = this.toModel(row);
    if (generation === this.generation) {
      this.entries.set(modelConfigId, { model, expiresAt: this.options.clock.now() + CATALOG_TTL_MS });
    }
    return model;
  }

  private toModel(row: ModelRow | undefined): ResolvedModel {
    if (row === undefined || row.deleted || !row.enabled) {
      throw new ModelError({
        kind: 'config',
        retryable: false,
        provider: row?.type ?? 'unknown',
        message: 'The model of this chat is not available: choose another one.',
      });
    }
    if (!row.provider_enabled) {
      throw new ModelError({ kind: 'provider_disabled', retryable: false, provider: row.type });
    }
    const callConfig = callConfigOf(row);
    return {
      modelConfigId: row.id,
      organizationId: row.organization_id,
      providerId: row.provider_id,
      provider: row.type,
      modelName: row.model,
      contextLimit: row.context_limit,
      compressionThreshold: row.compression_threshold,
      callConfig,
      prices: pricesOf(row),
      client: this.options.createClient({
        providerId: row.provider_id,
        type: row.type,
        baseUrl: row.base_url ?? undefined,
        apiKey: this.apiKeyOf(row),
        modelName: row.model,
        useResponsesApi: callConfig.use_responses_api,
      }),
    };
  }

  private apiKeyOf(row: ModelRow): string | undefined {
    if (row.api_key_encrypted === null || row.api_key_key_id === null) return undefined;
    try {
      return this.options.decryptSecret(row.api_key_encrypted, row.api_key_key_id);
    } catch (cause) {
      const detail = 'The stored API key cannot be decrypted: enter it again.';
      throw new ModelError({ kind: 'missing_key', retryable: false, provider: row.type, detail, cause });
    }
  }
}

function callConfigOf(row: ModelRow): ModelCallConfig {
  const parsed = modelCallConfig.safeParse(row.options);
  if (parsed.success) return parsed.data;
  const detail = `The options of the model are invalid: ${parsed.error.message}`;
  throw new ModelError({ kind: 'config', retryable: false, provider: row.type, detail, cause: parsed.error });
}

function pricesOf(row: ModelPrices): ModelPrices {
  return {
    input_price_per_million_tokens: row.input_price_per_million_tokens,
    output_price_per_million_tokens: row.output_price_per_million_tokens,
    cache_read_price_per_million_tokens: row.cache_read_price_per_million_tokens,
    cache_write_price_per_million_tokens: row.cache_write_price_per_million_tokens,
  };
}
