/** What an administrator may do with the models of an organization. Each write is alone in its organization and ends with one default. */
import type { Bus } from '@parley/bus';
import {
  REASONING_EFFORTS,
  subjects,
  type CreateModelRequest,
  type UpdateModelRequest,
} from '@parley/contracts';
import type { Database, Queryable } from '@parley/database';
import { refusedOptions, type ConfiguredModel } from '@parley/llm';
import { invalidField, invalidFields, notFound } from '../http/api-error';
import { electDefault, withModelsOf } from './default-election';
import {
  callConfigOf,
  deleteModel,
  insertModel,
  isModelOf,
  selectModel,
  selectModels,
  selectProviderType,
  updateModel,
  type ModelRow,
} from './model-rows';

/** Percent. 70 % of a very large window is too much stale context to carry along. */
const COMPRESSION_THRESHOLD = 70;
const COMPRESSION_THRESHOLD_OF_LARGE = 30;
const LARGE_CONTEXT_TOKENS = 500_000;

interface ModelKey {
  readonly organizationId: string;
  readonly id: string;
}

export class Models {
  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
  ) {}

  list(organizationId: string): Promise<ModelRow[]> {
    return selectModels(this.database, organizationId);
  }

  async read(key: ModelKey): Promise<ModelRow> {
    return existing(await selectModel(this.database, key));
  }

  /** Whether there is such a model, enabled or not, in one of these organizations. */
  isOneOf(organizationIds: readonly string[], id: string): Promise<boolean> {
    return isModelOf(this.database, { organizationIds, id });
  }

  /** @throws ApiError 400 naming `model_config_id` when it is no enabled model of this organization, on an enabled provider */
  async assertEnabled(key: ModelKey): Promise<void> {
    const row = await selectModel(this.database, key);
    if (row === undefined) throw invalidField('model_config_id', 'is no model of this organization');
    if (!row.enabled) throw invalidField('model_config_id', 'is disabled');
    if (!row.provider_enabled) throw invalidField('model_config_id', 'has a disabled provider');
  }

  /** The first model of an organization becomes its default, asked for or not. */
  async create(organizationId: string, input: CreateModelRequest): Promise<ModelRow> {
    const type = await selectProviderType(this.database, input.ai_provider_id);
    if (type === undefined) throw invalidField('ai_provider_id', 'is no provider of this deployment');
    assertCallable({ type, modelName: input.model, config: input.model_config });
    const row = await withModelsOf(this.database, organizationId, async (tx) => {
      const id = await insertModel(tx, {
        organizationId,
        providerId: input.ai_provider_id,
        model: input.model,
        displayName: input.display_name,
        contextLimit: input.context_limit,
        compressionThreshold: input.compression_threshold ?? defaultThreshold(input.context_limit),
        options: input.model_config,
        enabled: input.enabled,
      });
      await elect(tx, { organizationId, id }, input.is_default);
      return existing(await selectModel(tx, { organizationId, id }));
    });
    this.announce(row.id);
    return row;
  }

  async update(key: ModelKey, input: UpdateModelRequest): Promise<ModelRow> {
    const row = await withModelsOf(this.database, key.organizationId, async (tx) => {
      const present = existing(await selectModel(tx, key));
      const modelName = input.model ?? present.model;
      const config = input.model_config ?? callConfigOf(present);
      if (input.model_config !== undefined || input.model !== undefined)
        assertCallable({ type: present.provider, modelName, config });
      await updateModel(tx, key.id, {
        organizationId: key.organizationId,
        providerId: present.ai_provider_id,
        model: modelName,
        displayName: input.display_name ?? present.display_name,
        contextLimit: input.context_limit ?? present.context_limit,
        compressionThreshold: input.compression_threshold ?? present.compression_threshold,
        options: config,
        enabled: input.enabled ?? present.enabled,
      });
      await elect(tx, key, input.is_default === true);
      return existing(await selectModel(tx, key));
    });
    this.announce(key.id);
    return row;
  }

  async delete(key: ModelKey): Promise<void> {
    await withModelsOf(this.database, key.organizationId, async (tx) => {
      if (!(await deleteModel(tx, key))) throw notFound('model');
      await electDefault(tx, key);
    });
    this.announce(key.id);
  }

  private announce(id: string): void {
    this.bus.publish(subjects.configChanged('models'), { id });
  }
}

async function elect(tx: Queryable, key: ModelKey, isAskedFor: boolean): Promise<void> {
  const { organizationId, id } = key;
  const winner = await electDefault(
    tx,
    isAskedFor ? { organizationId, preferredId: id } : { organizationId },
  );
  if (isAskedFor && winner !== id) {
    throw invalidField('is_default', 'can be set only on an enabled model of an enabled provider');
  }
}

function existing(row: ModelRow | undefined): ModelRow {
  if (row === undefined) throw notFound('model');
  return row;
}

const defaultThreshold = (contextLimit: number): number =>
  contextLimit >= LARGE_CONTEXT_TOKENS ? COMPRESSION_THRESHOLD_OF_LARGE : COMPRESSION_THRESHOLD;

/** Options that the model's API does not take are refused by their names. @throws ApiError 400 */
function assertCallable(model: ConfiguredModel): void {
  const refused = refusedOptions(model).map(({ field, detail }) => ({
    field: `model_config.${field}`,
    detail,
  }));
  if (refused.length > 0) throw invalidFields(refused);
  const effort = model.config.reasoning_effort;
  if (effort === undefined) return;
  if (REASONING_EFFORTS.indexOf(effort.default) > REASONING_EFFORTS.indexOf(effort.max)) {
    throw invalidField('model_config.reasoning_effort.default', 'must not be above max');
  }
}
