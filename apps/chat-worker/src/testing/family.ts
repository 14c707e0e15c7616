/** A root chat whose subagent tools a spec calls by hand. */
import { randomUUID } from 'node:crypto';
import { CachedChatSettings } from '@parley/chat-settings';
import { createChat, readChat, type ChatHead, type CreateChatInput } from '@parley/chat-state';
import { sql } from '@parley/database';
import { UsageLimits } from '@parley/spend';
import { FakeClock } from '@parley/testing';
import { Persistence } from '../persistence';
import type { ToolCallContext } from '../tools/local-tool';
import { subagentTools } from '../tools/subagents/subagent-tools';
import { ToolRegistry } from '../tools/tool-registry';
import type { TurnContext } from '../tools/turn-context';
import type { Harness } from './harness';
import { testTool } from './test-tool';

/** A statement of a spec's own. */
export type Query = (name: string, text: string, values?: unknown[]) => Promise<Record<string, unknown>[]>;

export const queryOf =
  (harness: Harness): Query =>
  (name, text, values = []) =>
    harness.testDatabase.database.query(sql(`family_${name}`, text), values);

/** Another model of the organization. */
export async function createModel(harness: Harness, name: string): Promise<string> {
  const [row] = await queryOf(harness)(
    'model',
    `insert into chat_model_configs (organization_id, ai_provider_id, model, context_limit, compression_threshold, options)
     select organization_id, ai_provider_id, $2, 5000, 70, '{"reasoning_effort": {"default": "low", "max": "medium"}}'
     from chat_model_configs where id = $1 returning id`,
    [harness.modelConfigId, name],
  );
  return String(row?.['id']);
}

async function createRoot(harness: Harness, options: Partial<CreateChatInput>): Promise<ChatHead> {
  const done = await createChat(harness.store, {
    organizationId: harness.organizationId,
    ownerId: harness.ownerId,
    title: 'Root',
    titleSource: 'manual',
    modelConfigId: harness.modelConfigId,
    userMessage: {
      role: 'user',
      content: [{ type: 'text', text: 'Do it' }],
      modelConfigId: harness.modelConfigId,
    },
    ...options,
  });
  if (!done.ok) throw new Error(done.reason);
  return done.chat;
}

export interface ListedAgents {
  agents: Record<string, unknown>[];
  total: number;
  offset: number;
  has_more: boolean;
}

/** A root chat whose tools are called by hand, as its worker would. */
export class Family {
  readonly clock = new FakeClock();
  readonly abort = new AbortController();
  waits = 0;
  readonly registry: ToolRegistry;
  /** Settings that changed are seen by the next turn: by another Family of the same root. */
  private readonly turn: TurnContext;

  constructor(
    private readonly harness: Harness,
    readonly root: ChatHead,
  ) {
    const { store, testDatabase } = harness;
    const logger = { warn: () => undefined };
    this.registry = new ToolRegistry([
      ...subagentTools({
        store,
        clock: this.clock,
        persistence: new Persistence({ clock: this.clock, random: () => 0, onPause: () => undefined }),
        chatSettings: new CachedChatSettings({ database: testDatabase.database, now: () => Date.now() }),
        limits: new UsageLimits({ database: testDatabase.database, logger }),
        toolsOf: (chat) => this.registry.toolsOf(chat),
        logger,
      }),
      testTool('read_file', () => Promise.resolve({}), { annotations: { isReadOnly: true } }),
      testTool('write_file', () => Promise.resolve({})),
    ]);
    this.turn = { chat: root };
  }

  static async create(harness: Harness, options: Partial<CreateChatInput> = {}): Promise<Family> {
    return new Family(harness, await createRoot(harness, options));
  }

  async call(name: string, args: object, callKey: string = randomUUID()): Promise<Record<string, unknown>> {
    const context: ToolCallContext = {
      turn: this.turn,
      toolCallId: 'c',
      callKey,
      signal: this.abort.signal,
      waitingFor: (wait) => {
        this.waits += 1;
        return wait();
      },
    };
    const tool = this.registry.find(this.turn.chat, name);
    if (tool === undefined) throw new Error(`no ${name}`);
    return (await tool.prepare(args)(context)) as Record<string, unknown>;
  }

  async spawn(args: object = {}, callKey?: string): Promise<ChatHead> {
    const spawned = await this.call('spawn_agent', { type: 'general', prompt: 'Look', ...args }, callKey);
    const child = await readChat(this.harness.store.database, { chatId: String(spawned['chat_id']) });
    if (child === null) throw new Error('no child');
    return child;
  }

  async list(args: object = {}): Promise<ListedAgents> {
    return (await this.call('list_agents', args)) as unknown as ListedAgents;
  }
}
