/**
 * Which model a new chat or message may use, without a statement on the hot path.
 *
 * Keeps the models of an organization for 10 s, until the bus says that models or providers changed. Readers that miss together share
 * one read; a read that an invalidation overtook is not kept. The organization of a chat never changes, so it is kept for good,
 * in a bounded store.
 */
import { LRUCache } from 'lru-cache';
import { invalidField } from '../http/api-error';
import type { ModelRow } from './model-rows';

const TTL_MS = 10_000;
const MAX_ORGANIZATIONS = 500;
const MAX_CHATS = 50_000;

type Choice = Pick<ModelRow, 'id' | 'enabled' | 'provider_enabled' | 'has_credential' | 'is_default'>;

export interface ModelChoicesOptions {
  readonly readModels: (organizationId: string) => Promise<readonly Choice[]>;
  /** Null when there is no such chat. */
  readonly readOrganizationOf: (chatId: string) => Promise<string | null>;
  readonly now?: () => number;
}

export class ModelChoices {
  private readonly byOrganization = new LRUCache<
    string,
    { models: Promise<readonly Choice[]>; staleAt: number }
  >({
    max: MAX_ORGANIZATIONS,
  });
  private readonly organizationOfChat = new LRUCache<string, string>({ max: MAX_CHATS });
  private readonly now: () => number;

  constructor(private readonly options: ModelChoicesOptions) {
    this.now = options.now ?? Date.now;
  }

  /** The model asked for, or the organization's default. @throws ApiError 400 naming `model_config_id` */
  async choose(organizationId: string, requestedId?: string | null): Promise<string> {
    const models = await this.modelsOf(organizationId);
    if (requestedId !== undefined && requestedId !== null) {
      return usable(models.find(({ id }) => id === requestedId));
    }
    const preset = models.find((model) => model.is_default);
    if (preset === undefined) {
      throw invalidField(
        'model_config_id',
        'is required: this organization has no model, ask an administrator',
      );
    }
    return usable(preset);
  }

  /** The same for a message in a chat; undefined when none is asked for, or there is no such chat. */
  async chooseForChat(chatId: string, requestedId?: string | null): Promise<string | undefined> {
    if (requestedId === undefined || requestedId === null) return undefined;
    const organizationId =
      this.organizationOfChat.get(chatId) ?? (await this.options.readOrganizationOf(chatId));
    if (organizationId === null) return undefined;
    this.remember(chatId, organizationId);
    return this.choose(organizationId, requestedId);
  }

  /** Tells where a chat lives, so that nobody needs to ask. */
  remember(chatId: string, organizationId: string): void {
    this.organizationOfChat.set(chatId, organizationId);
  }

  /** Call it on `config.models.changed` and `config.providers.changed`. */
  invalidate(): void {
    this.byOrganization.clear();
  }

  private modelsOf(organizationId: string): Promise<readonly Choice[]> {
    const entry = this.byOrganization.get(organizationId);
    if (entry !== undefined && this.now() < entry.staleAt) return entry.models;
    // The promise itself is kept: callers share it, and an invalidation removes it before it is answered.
    const models = this.options.readModels(organizationId);
    const fresh = { models, staleAt: this.now() + TTL_MS };
    this.byOrganization.set(organizationId, fresh);
    models.catch(() => {
      if (this.byOrganization.get(organizationId) === fresh) this.byOrganization.delete(organizationId);
    });
    return models;
  }
}

function usable(model: Choice | undefined): string {
  if (model === undefined) throw invalidField('model_config_id', 'is no model of this organization');
  if (!model.enabled) throw invalidField('model_config_id', 'is disabled');
  if (!model.provider_enabled) throw invalidField('model_config_id', 'has a disabled provider');
  if (!model.has_credential) throw invalidField('model_config_id', 'has a provider without an API key');
  return model.id;
}
