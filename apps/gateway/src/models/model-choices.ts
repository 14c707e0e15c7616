/**
 * Which model a new chat or message may use, without a statement on the hot path.
 *
 * Keeps the models of an organization for 10 s, until the bus says that models or providers changed. Readers that miss together share
 * one read; a read that an invalidation overtook is not kept. The organization of a chat never changes, so it is kept for good,
 * in a bounded store.
 */
import type { ChatSettings } from '@parley/chat-settings';
import { LRUCache } from 'lru-cache';
import { invalidField } from '../http/api-error';
import type { ModelRow } from './model-rows';

const TTL_MS = 10_000;
const MAX_ORGANIZATIONS = 500;
const MAX_CHATS = 50_000;

type Choice = Pick<
  ModelRow,
  | 'id'
  | 'ai_provider_id'
  | 'enabled'
  | 'provider_enabled'
  | 'has_credential'
  | 'allows_user_key'
  | 'is_default'
>;

/** What a user asks for: a model by its id, or the default. */
export interface Wish {
  readonly organizationId: string;
  readonly userId: string;
  readonly requestedId?: string | null | undefined;
}

export interface ModelChoicesOptions {
  readonly readModels: (organizationId: string) => Promise<readonly Choice[]>;
  /** Null when there is no such chat. */
  readonly readOrganizationOf: (chatId: string) => Promise<string | null>;
  readonly settings: Pick<ChatSettings, 'personalModelOverride' | 'hasOwnKey'>;
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

  /**
   * For a new chat: the model asked for, else the one that the user takes for chats of their own, else the organization's default.
   * A choice of the user's that cannot be used is refused rather than replaced. @throws ApiError 400 naming `model_config_id`
   */
  async choose(wish: Wish): Promise<string> {
    if (wish.requestedId !== undefined && wish.requestedId !== null) {
      return this.usable(wish, await this.find(wish.organizationId, wish.requestedId));
    }
    const own = await this.options.settings.personalModelOverride({ ...wish, purpose: 'root' });
    if (own?.modelConfigId !== undefined) {
      const model = await this.find(wish.organizationId, own.modelConfigId);
      return this.usable(wish, model, 'is set as your own default, and ');
    }
    const preset = (await this.modelsOf(wish.organizationId)).find((model) => model.is_default);
    if (preset !== undefined) return this.usable(wish, preset);
    throw invalidField(
      'model_config_id',
      'is required: this organization has no model, ask an administrator',
    );
  }

  /** The same for a message in a chat; undefined when none is asked for, or there is no such chat. */
  async chooseForChat(
    chatId: string,
    { userId, requestedId }: Pick<Wish, 'userId' | 'requestedId'>,
  ): Promise<string | undefined> {
    if (requestedId === undefined || requestedId === null) return undefined;
    const organizationId =
      this.organizationOfChat.get(chatId) ?? (await this.options.readOrganizationOf(chatId));
    if (organizationId === null) return undefined;
    this.remember(chatId, organizationId);
    return this.choose({ organizationId, userId, requestedId });
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

  private async find(organizationId: string, id: string): Promise<Choice | undefined> {
    return (await this.modelsOf(organizationId)).find((model) => model.id === id);
  }

  /** @param reason goes before what is wrong */
  private async usable(wish: Wish, model: Choice | undefined, reason = ''): Promise<string> {
    const refuse = (detail: string) => invalidField('model_config_id', reason + detail);
    if (model === undefined) throw refuse('is no model of this organization');
    if (!model.enabled) throw refuse('is disabled');
    if (!model.provider_enabled) throw refuse('has a disabled provider');
    if (model.has_credential) return model.id;
    if (!model.allows_user_key) throw refuse('has a provider without an API key');
    const { userId } = wish;
    if (await this.options.settings.hasOwnKey({ userId, providerId: model.ai_provider_id })) return model.id;
    throw refuse('has a provider that takes your own API key: enter one');
  }
}
