/** A model config as it is stored, with its provider: whether it may be called, and with whose key. */
import {
  type ModelCallConfig,
  modelCallConfig,
  type ModelPrices,
  type ProviderType,
} from '@parley/contracts';
import { type Queryable, sql } from '@parley/database';
import type { ModelConnection } from './adapters/model-connection';
import { ModelError } from './errors';
import type { ModelClient } from './model-client';
import type { ResolvedModel } from './model-catalog';

const SELECT_MODEL = sql(
  'select_model_with_provider',
  `select m.id, m.organization_id, m.model, m.context_limit, m.compression_threshold, m.options, m.enabled, m.deleted,
          m.input_price_per_million_tokens, m.output_price_per_million_tokens,
          m.cache_read_price_per_million_tokens, m.cache_write_price_per_million_tokens,
          p.id as provider_id, p.type, p.base_url, p.api_key_encrypted, p.api_key_key_id, p.enabled as provider_enabled,
          p.central_api_key_enabled, p.allow_user_api_key, p.allow_central_api_key_fallback
     from chat_model_configs m
     join chat_providers p on p.id = m.ai_provider_id
    where m.id = $1`,
);

const SELECT_USER_KEY = sql(
  'select_user_provider_key',
  `select api_key_encrypted, api_key_key_id from user_chat_provider_keys where user_id = $1 and provider_id = $2`,
);

/** An encrypted API key, as it is stored. */
export interface SealedKey {
  readonly encrypted: Buffer;
  readonly keyId: string;
  /** Whose it is; absent for the deployment's. */
  readonly userId?: string;
}

export interface ModelFactory {
  readonly createClient: (connection: ModelConnection) => ModelClient;
  /** @throws when the key that encrypted it is not configured */
  readonly decryptSecret: (key: SealedKey) => string;
}

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
  readonly central_api_key_enabled: boolean;
  readonly allow_user_api_key: boolean;
  readonly allow_central_api_key_fallback: boolean;
}

/** @throws ModelError of kind `config` for an unknown, deleted or disabled model; `provider_disabled` */
export async function readStoredModel(database: Queryable, modelConfigId: string): Promise<StoredModel> {
  const [row] = await database.query<ModelRow>(SELECT_MODEL, [modelConfigId]);
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
  return new StoredModel(row);
}

/** Null when the user has none for this provider. */
export async function readUserKey(
  database: Queryable,
  { userId, providerId }: { userId: string; providerId: string },
): Promise<SealedKey | null> {
  const [row] = await database.query<{ api_key_encrypted: Buffer; api_key_key_id: string }>(SELECT_USER_KEY, [
    userId,
    providerId,
  ]);
  return row === undefined ? null : { encrypted: row.api_key_encrypted, keyId: row.api_key_key_id, userId };
}

export class StoredModel {
  constructor(private readonly row: ModelRow) {}

  get providerId(): string {
    return this.row.provider_id;
  }

  /** Users may have keys of their own: then the model is called with its user's. */
  get takesUserKeys(): boolean {
    return this.row.allow_user_api_key;
  }

  /**
   * Ready to be called, with the user's key where one is given, else with the deployment's where that may be used.
   * @throws ModelError of kind `missing_key`, or `config` when the options cannot be read
   */
  resolve(userKey: SealedKey | null, factory: ModelFactory): ResolvedModel {
    const { row } = this;
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
      client: factory.createClient({
        providerId: row.provider_id,
        type: row.type,
        baseUrl: row.base_url ?? undefined,
        apiKey: this.apiKey(userKey ?? this.centralKey(), factory),
        modelName: row.model,
        useResponsesApi: callConfig.use_responses_api,
        contextLimit: row.context_limit,
      }),
    };
  }

  private centralKey(): SealedKey | null {
    const { row } = this;
    if (row.allow_user_api_key && !row.allow_central_api_key_fallback) {
      throw new ModelError({
        kind: 'missing_key',
        retryable: false,
        provider: row.type,
        message: `The model provider (${row.type}) takes your own API key: enter one.`,
      });
    }
    if (row.api_key_encrypted === null || row.api_key_key_id === null) return null;
    return { encrypted: row.api_key_encrypted, keyId: row.api_key_key_id };
  }

  private apiKey(key: SealedKey | null, { decryptSecret }: ModelFactory): string | undefined {
    if (key === null) return undefined;
    try {
      return decryptSecret(key);
    } catch (cause) {
      const detail = 'The stored API key cannot be decrypted: enter it again.';
      throw new ModelError({ kind: 'missing_key', retryable: false, provider: this.row.type, detail, cause });
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
