/**
 * Which model an auxiliary call asks (`chat-api` section 7.2): the organization's override for titles when there is one; else a known cheap
 * model of the same provider; else the chat's own. An override that cannot be used is not replaced by another model: whoever set
 * it may have done so to keep texts from the others.
 */
import type { ChatSettings } from '@parley/chat-settings';
import type { ChatHead } from '@parley/chat-state';
import { ModelError, type CheapModels, type ResolvedModel } from '@parley/llm';

export interface AuxiliaryModelsOptions {
  readonly models: { resolve(modelConfigId: string, userId?: string): Promise<ResolvedModel> };
  readonly cheapModels: Pick<CheapModels, 'insteadOf'>;
  readonly settings: Pick<ChatSettings, 'modelOverride'>;
}

/** The chat that a call is for. */
export interface CallingChat {
  readonly organizationId: string;
  /** Whose key is used, where the provider takes keys of users. */
  readonly ownerId: string;
  /** The model of the chat's turns. */
  readonly modelConfigId: string;
}

export function callingChat(head: ChatHead): CallingChat {
  const { organizationId, ownerId, lastModelConfigId: modelConfigId } = head;
  return { organizationId, ownerId, modelConfigId };
}

export class AuxiliaryModels {
  constructor(private readonly options: AuxiliaryModelsOptions) {}

  /** @throws ModelError when the override, or without one the chat's model, cannot be used; the driver's error */
  async choose({ organizationId, ownerId, modelConfigId }: CallingChat): Promise<ResolvedModel> {
    const { cheapModels, models, settings } = this.options;
    const override = await settings.modelOverride({ organizationId, purpose: 'title_generation' });
    if (override !== undefined) return models.resolve(override, ownerId);
    const own = await models.resolve(modelConfigId, ownerId);
    const cheap = await cheapModels.insteadOf(own);
    if (cheap === undefined) return own;
    try {
      return await models.resolve(cheap, ownerId);
    } catch (error) {
      if (error instanceof ModelError) return own;
      throw error;
    }
  }
}
