/** Model configs as rows, with the provider they are called through. */
import {
  modelCallConfig,
  modelPrices,
  type Model,
  type ModelCallConfig,
  type ModelPrices,
  type ProviderType,
} from '@parley/contracts';
import { encodeJsonb, sql, type Queryable } from '@parley/database';

export interface ModelRow extends ModelPrices {
  id: string;
  organization_id: string;
  ai_provider_id: string;
  provider: ProviderType;
  model: string;
  display_name: string;
  context_limit: number;
  compression_threshold: number;
  options: unknown;
  enabled: boolean;
  is_default: boolean;
  created_at: Date;
  updated_at: Date;
  provider_enabled: boolean;
  /** There is a key for everybody, or none is needed. */
  has_credential: boolean;
  allows_user_key: boolean;
}

export interface ModelValues {
  readonly organizationId: string;
  readonly providerId: string;
  readonly model: string;
  readonly displayName: string;
  readonly contextLimit: number;
  readonly compressionThreshold: number;
  /** Its `cost` is stored in columns of its own. */
  readonly options: ModelCallConfig;
  readonly enabled: boolean;
}

// A server behind an OpenAI-compatible address often wants no key; the vendors' own APIs always do.
const SELECT = `
  select m.id, m.organization_id, m.ai_provider_id, p.type as provider, m.model, m.display_name, m.context_limit,
         m.compression_threshold, m.options, m.enabled, m.is_default, m.created_at, m.updated_at,
         m.input_price_per_million_tokens, m.output_price_per_million_tokens,
         m.cache_read_price_per_million_tokens, m.cache_write_price_per_million_tokens,
         p.enabled as provider_enabled,
         p.allow_user_api_key as allows_user_key,
         (p.api_key_encrypted is not null or p.type = 'openai-compat')
           and p.central_api_key_enabled
           and (not p.allow_user_api_key or p.allow_central_api_key_fallback) as has_credential
  from chat_model_configs m join chat_providers p on p.id = m.ai_provider_id
  where m.organization_id = $1 and not m.deleted`;

const SELECT_MODELS = sql('models_select', `${SELECT} order by m.is_default desc, m.created_at, m.id`);
const SELECT_MODEL = sql('models_select_one', `${SELECT} and m.id = $2`);

const EXISTS_MODEL = sql(
  'models_exists',
  'select 1 as found from chat_model_configs where id = $1 and organization_id = any($2::uuid[]) and not deleted',
);

const SELECT_PROVIDER = sql('models_select_provider', 'select type from chat_providers where id = $1');

const INSERT_MODEL = sql(
  'models_insert',
  `insert into chat_model_configs (organization_id, ai_provider_id, model, display_name, context_limit,
                                   compression_threshold, options, enabled,
                                   input_price_per_million_tokens, output_price_per_million_tokens,
                                   cache_read_price_per_million_tokens, cache_write_price_per_million_tokens)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning id`,
);

const UPDATE_MODEL = sql(
  'models_update',
  `update chat_model_configs
   set model = $3, display_name = $4, context_limit = $5, compression_threshold = $6, options = $7, enabled = $8,
       input_price_per_million_tokens = $9, output_price_per_million_tokens = $10,
       cache_read_price_per_million_tokens = $11, cache_write_price_per_million_tokens = $12,
       updated_at = now()
   where organization_id = $1 and id = $2 and not deleted`,
);

const DELETE_MODEL = sql(
  'models_delete',
  `update chat_model_configs set deleted = true, is_default = false, updated_at = now()
   where organization_id = $1 and id = $2 and not deleted returning id`,
);

/** The models of an organization, its default first. */
export const selectModels = (database: Queryable, organizationId: string): Promise<ModelRow[]> =>
  database.query<ModelRow>(SELECT_MODELS, [organizationId]);

export async function selectModel(
  database: Queryable,
  key: { organizationId: string; id: string },
): Promise<ModelRow | undefined> {
  const [row] = await database.query<ModelRow>(SELECT_MODEL, [key.organizationId, key.id]);
  return row;
}

export async function isModelOf(
  database: Queryable,
  key: { organizationIds: readonly string[]; id: string },
): Promise<boolean> {
  const rows = await database.query(EXISTS_MODEL, [key.id, key.organizationIds]);
  return rows.length > 0;
}

export async function selectProviderType(database: Queryable, id: string): Promise<ProviderType | undefined> {
  const [row] = await database.query<{ type: ProviderType }>(SELECT_PROVIDER, [id]);
  return row?.type;
}

export async function insertModel(database: Queryable, values: ModelValues): Promise<string> {
  const [row] = await database.query<{ id: string }>(INSERT_MODEL, [
    values.organizationId,
    values.providerId,
    ...columnsOf(values),
  ]);
  if (row === undefined) throw new Error('insert returned no row');
  return row.id;
}

export async function updateModel(database: Queryable, id: string, values: ModelValues): Promise<void> {
  await database.query(UPDATE_MODEL, [values.organizationId, id, ...columnsOf(values)]);
}

/** Marks it deleted: messages keep pointing at it. False when there is none. */
export async function deleteModel(
  database: Queryable,
  key: { organizationId: string; id: string },
): Promise<boolean> {
  const rows = await database.query(DELETE_MODEL, [key.organizationId, key.id]);
  return rows.length > 0;
}

function columnsOf(values: ModelValues): unknown[] {
  const { cost = {}, ...options } = values.options;
  return [
    values.model,
    values.displayName,
    values.contextLimit,
    values.compressionThreshold,
    encodeJsonb(options),
    values.enabled,
    cost.input_price_per_million_tokens ?? null,
    cost.output_price_per_million_tokens ?? null,
    cost.cache_read_price_per_million_tokens ?? null,
    cost.cache_write_price_per_million_tokens ?? null,
  ];
}

/** How the model is called, with what it costs where a price is known. */
export function callConfigOf(row: ModelRow): ModelCallConfig {
  const options = modelCallConfig.parse(row.options);
  const known = Object.entries(modelPrices.parse(row)).filter(([, price]) => price !== null);
  return known.length === 0 ? options : { ...options, cost: Object.fromEntries(known) };
}

export const toModel = (row: ModelRow): Model => ({
  id: row.id,
  organization_id: row.organization_id,
  ai_provider_id: row.ai_provider_id,
  provider: row.provider,
  model: row.model,
  display_name: row.display_name,
  context_limit: row.context_limit,
  compression_threshold: row.compression_threshold,
  enabled: row.enabled,
  is_default: row.is_default,
  model_config: callConfigOf(row),
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});
