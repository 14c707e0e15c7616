/** Owners of chats that a mock model answers, and what they do with them: what the gateway would do for them, on a bus of its own. */
import type { Bus } from '@parley/bus';
import { createChat, interrupt, readChat, send, type ChatHead } from '@parley/chat-state';
import type { ChatStatus } from '@parley/contracts';
import { sql, type Database } from '@parley/database';
import { Identity, PROVIDER_KEY_CONTEXT } from '@parley/identity';
import { formatControlBlock, type ControlInput } from '@parley/llmmock';
import { eventually } from '@parley/testing';
import { testSecretBox } from './start-webpush';

const SEED_MODEL = sql(
  'seed_push_test_model',
  `with p as (insert into chat_providers (type, name, base_url, api_key_encrypted, api_key_key_id)
     values ('openai-compat', 'mock', $2, $3, $4) returning id)
   insert into chat_model_configs (organization_id, ai_provider_id, model, context_limit, compression_threshold)
   select $1::uuid, p.id, 'mock-1', 100000, 80 from p returning id`,
);

export class ChatPeople {
  private constructor(
    readonly identity: Identity,
    private readonly store: { database: Database; bus: Bus },
    private readonly owner: { userId: string; organizationId: string; modelConfigId: string },
  ) {}

  /** One owner, and a model at that mock. */
  static async create(store: { database: Database; bus: Bus }, mockUrl: string): Promise<ChatPeople> {
    const identity = new Identity(store);
    const person = { email: 'ann@acme.test', username: 'ann', name: 'Ann', password: 'a fine password' };
    const first = await identity.createFirstUser(person);
    const key = testSecretBox.seal('any-key', PROVIDER_KEY_CONTEXT);
    const values = [first.organizationId, `${mockUrl}/v1`, key.ciphertext, key.keyId];
    const [model] = await store.database.query<{ id: string }>(SEED_MODEL, values);
    return new ChatPeople(identity, store, { ...first, modelConfigId: model?.id ?? '' });
  }

  get ownerId(): string {
    return this.owner.userId;
  }

  /** A chat whose first message asks the mock for that; resolves with its id. */
  async createChat(control: ControlInput, parentChatId?: string): Promise<string> {
    const { organizationId, userId: ownerId, modelConfigId } = this.owner;
    const created = await createChat(this.store, {
      organizationId,
      ownerId,
      title: 'Named by hand',
      titleSource: 'manual',
      modelConfigId,
      ...(parentChatId !== undefined && { parentChatId }),
      userMessage: { role: 'user', content: asking(control), createdBy: ownerId, modelConfigId },
    });
    if (!created.ok) throw new Error(created.reason);
    return created.chat.id;
  }

  async send(chatId: string, control: ControlInput): Promise<void> {
    const content = asking(control);
    const sent = await send(this.store, { chatId, ownerId: this.ownerId, content, busyBehavior: 'queue' });
    if (!sent.ok) throw new Error(sent.reason);
  }

  async interrupt(chatId: string): Promise<void> {
    const done = await interrupt(this.store, { chatId, ownerId: this.ownerId });
    const { status, lastError } = await this.head(chatId);
    if (!done.ok) throw new Error(`${done.reason}: ${status} ${lastError?.message ?? ''}`);
  }

  async head(chatId: string): Promise<ChatHead> {
    const head = await readChat(this.store.database, { chatId });
    if (head === null) throw new Error('no such chat');
    return head;
  }

  async until(chatId: string, status: Exclude<ChatStatus, 'error'>): Promise<ChatHead> {
    return eventually(
      async () => {
        const head = await this.head(chatId);
        expect([head.status, head.lastError?.message]).toEqual([status, undefined]);
        return head;
      },
      { timeoutMs: 30_000 },
    );
  }
}

const asking = (control: ControlInput) => [
  { type: 'text' as const, text: `please ${formatControlBlock(control)}` },
];
