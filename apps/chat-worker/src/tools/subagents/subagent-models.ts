/**
 * Which models a subagent may use, and which one it gets (`chat-api` section 7.4): the one named in the call, else the user's own choice
 * for that kind of subagent, else the organization's, else the parent's.
 *
 * A named model that cannot be used is refused, so that the caller chooses again. A setting that cannot be used any more is passed
 * over: whoever spawns cannot mend it.
 */
import { REASONING_EFFORTS, type ReasoningEffort } from '@parley/contracts';
import { sql } from '@parley/database';
import { ToolError } from '../local-tool';
import { perTurn, type TurnContext } from '../turn-context';
import type { SubagentParts } from './subagent-parts';

export type SubagentType = 'general' | 'explore';

/** As the model reads it. */
export interface SubagentModel {
  readonly model_config_id: string;
  readonly display_name: string;
  readonly model: string;
  readonly provider: string;
  readonly context_limit: number;
  readonly is_default: boolean;
  /** Absent: it takes none. */
  readonly reasoning_efforts?: readonly ReasoningEffort[];
}

interface ModelRow extends Omit<SubagentModel, 'reasoning_efforts'> {
  readonly provider_id: string;
  readonly max_effort: ReasoningEffort | null;
  readonly has_credential: boolean;
  readonly allows_user_key: boolean;
}

const MAX_MODELS = 200;

const SELECT_MODELS = sql(
  'select_subagent_models',
  `select m.id as model_config_id, m.display_name, m.model, p.type as provider, m.context_limit, m.is_default, p.id as provider_id,
  m.options -> 'reasoning_effort' ->> 'max' as max_effort, p.allow_user_api_key as allows_user_key,
  (p.api_key_encrypted is not null or p.type = 'openai-compat') and p.central_api_key_enabled
    and (not p.allow_user_api_key or p.allow_central_api_key_fallback) as has_credential
from chat_model_configs m join chat_providers p on p.id = m.ai_provider_id
where m.organization_id = $1 and m.enabled and not m.deleted and p.enabled
order by m.is_default desc, m.created_at, m.id limit ${MAX_MODELS}`,
);

export class SubagentModels {
  /** Those that the owner of the chat can use. @throws the driver's error */
  readonly usableIn = perTurn((turn) => this.readUsable(turn));

  constructor(private readonly parts: Pick<SubagentParts, 'store' | 'chatSettings'>) {}

  /** The id of the model config for a child. @throws ToolError when the named one cannot be used; the driver's error */
  async choose(turn: TurnContext, type: SubagentType, named: string | undefined): Promise<string> {
    if (named !== undefined) {
      if (await this.isUsable(turn, named)) return named;
      throw new ToolError(
        'There is no model with this model_config_id that a subagent may use. list_subagent_models shows them all.',
      );
    }
    const { ownerId: userId, organizationId, lastModelConfigId } = turn.chat;
    const { chatSettings } = this.parts;
    const own = await chatSettings.personalModelOverride({ userId, organizationId, purpose: type });
    if (own?.mode === 'chat_default') return lastModelConfigId;
    if (own?.modelConfigId !== undefined && (await this.isUsable(turn, own.modelConfigId)))
      return own.modelConfigId;
    const common = await chatSettings.modelOverride({ organizationId, purpose: type });
    if (common !== undefined && (await this.isUsable(turn, common))) return common;
    return lastModelConfigId;
  }

  private async isUsable(turn: TurnContext, modelConfigId: string): Promise<boolean> {
    const models = await this.usableIn(turn);
    return models.some((model) => model.model_config_id === modelConfigId);
  }

  private async readUsable({ chat }: TurnContext): Promise<SubagentModel[]> {
    const { chatSettings, store } = this.parts;
    const rows = await store.database.query<ModelRow>(SELECT_MODELS, [chat.organizationId]);
    const models = await Promise.all(
      rows.map(async (row) => {
        const { provider_id: providerId, max_effort, has_credential, allows_user_key, ...model } = row;
        const mayUse =
          has_credential ||
          (allows_user_key && (await chatSettings.hasOwnKey({ userId: chat.ownerId, providerId })));
        return mayUse ? [{ ...model, ...effortsUpTo(max_effort) }] : [];
      }),
    );
    return models.flat();
  }
}

function effortsUpTo(max: ReasoningEffort | null): Pick<SubagentModel, 'reasoning_efforts'> {
  if (max === null) return {};
  return { reasoning_efforts: REASONING_EFFORTS.slice(0, REASONING_EFFORTS.indexOf(max) + 1) };
}
