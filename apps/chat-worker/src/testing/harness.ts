/**
 * A whole back end in one test: a throwaway Postgres database, the in-process bus, the mock model, and as many workers as wanted,
 * each with a pool of its own. What a test started and did not stop fails it.
 */
import { randomUUID } from 'node:crypto';
import { createInProcessBus, type Bus } from '@parley/bus';
import { CachedChatSettings } from '@parley/chat-settings';
import { createChat, readChat, readMessages, type ChatHead, type ChatStore } from '@parley/chat-state';
import {
  subjects,
  systemClock,
  type ChatMessage,
  type ChatParts,
  type ChatStatus,
  type DynamicTool,
} from '@parley/contracts';
import { Database, sql, type Queryable, type SqlStatement } from '@parley/database';
import { CheapModels, createModelClient, ModelCatalog, ProviderConnections } from '@parley/llm';
import { formatControlBlock, LlmMock, type ControlInput, type LedgerEntryJson } from '@parley/llmmock';
import { UsageLimits } from '@parley/spend';
import { createTestDatabase, eventually, type TestDatabase } from '@parley/testing';
import type { WorkerMetrics } from '../metrics';
import { Worker } from '../worker';
import type { WorkerOptions, WorkerSettings } from '../worker-options';

const seedSql = sql(
  'seed_worker_test',
  `with o as (insert into organizations (id, name, display_name) values ($1, 'o', 'O')),
        u as (insert into users (id, email, username) values ($2, 'u@example.com', 'u')),
        p as (insert into chat_providers (id, type, name, base_url) values ($3, 'openai-compat', 'mock', $5))
   insert into chat_model_configs (id, organization_id, ai_provider_id, model, context_limit, compression_threshold)
   values ($4, $1, $3, 'mock-1', 100000, 80)`,
);

export interface TestWorkerOptions extends Partial<Omit<WorkerOptions, 'settings' | 'database'>> {
  /** What is in the way of its statements. */
  readonly around?: Parameters<typeof obstructed>[1];
  readonly settings?: Partial<WorkerSettings>;
  readonly poolSize?: number;
  /** How long a model may say nothing. */
  readonly silenceMs?: number;
}

/** A worker and the pool that only it uses. */
export interface TestWorker {
  readonly worker: Worker;
  readonly database: Database;
  readonly models: ModelCatalog;
  readonly chatSettings: CachedChatSettings;
  readonly logged: string[];
  stop(graceMs?: number): Promise<void>;
}

export class Harness {
  readonly organizationId = randomUUID();
  readonly ownerId = randomUUID();
  readonly modelConfigId = randomUUID();
  readonly parts: ChatParts[] = [];
  readonly connections = new ProviderConnections();
  private readonly workers = new Set<TestWorker>();

  private constructor(
    readonly testDatabase: TestDatabase,
    readonly bus: Bus,
    private readonly mock: LlmMock,
    readonly mockUrl: string,
  ) {}

  /** `bus`: in process unless given. */
  static async open(bus: Bus = createInProcessBus()): Promise<Harness> {
    const [testDatabase, mock] = [await createTestDatabase(), new LlmMock()];
    const { url } = await mock.start();
    const harness = new Harness(testDatabase, bus, mock, url);
    await testDatabase.database.query(seedSql, [
      harness.organizationId,
      harness.ownerId,
      randomUUID(),
      harness.modelConfigId,
      `${url}/v1`,
    ]);
    await harness.bus.subscribe(subjects.chatParts('*'), (parts) => void harness.parts.push(parts));
    return harness;
  }

  /** For afterEach: stops the workers, and fails when one left a connection behind. */
  async stopWorkers(): Promise<void> {
    await Promise.all([...this.workers].map((worker) => worker.stop(0)));
    this.parts.length = 0;
    await this.testDatabase.assertNoLeaks();
  }

  async close(): Promise<void> {
    await this.stopWorkers();
    await this.bus.drain();
    this.connections.close();
    await this.mock.stop();
    await this.testDatabase.drop();
  }

  get store(): ChatStore {
    return { database: this.testDatabase.database, bus: this.bus };
  }

  /** A worker that was not started: its rounds are called by hand, or `start` runs them. */
  async addWorker({
    around,
    poolSize = 4,
    settings,
    silenceMs,
    ...options
  }: TestWorkerOptions = {}): Promise<TestWorker> {
    const { url } = this.testDatabase;
    const opened = await Database.open({ url, poolSize, applicationName: 'worker' });
    const database = around === undefined ? opened : obstructed(opened, around);
    const client = { connections: this.connections, ...(silenceMs !== undefined && { silenceMs }) };
    const models = new ModelCatalog({
      database,
      clock: systemClock,
      createClient: (connection) => createModelClient({ ...connection, apiKey: 'any' }, client),
      decryptSecret: () => 'any',
    });
    const chatSettings = new CachedChatSettings({ database, now: () => systemClock.now() });
    const cheapModels = new CheapModels({ database, now: () => systemClock.now() });
    const logged: string[] = [];
    const log = (_fields: object, message: string): void => void logged.push(message);
    const worker = new Worker({
      database,
      bus: this.bus,
      models,
      chatSettings,
      cheapModels,
      tools: [],
      limits: new UsageLimits({ database, logger: { warn: log } }),
      clock: systemClock,
      monotonicNow: () => performance.now(),
      random: () => 0.5,
      createId: randomUUID,
      hostname: 'test',
      // Longer than any machine stands still: only a test that is about it loses it.
      leaseMs: 60_000,
      logger: { info: log, warn: log, error: log },
      metrics: silentMetrics,
      ...options,
      settings: { ...defaultSettings, ...settings },
    });
    const member: TestWorker = {
      worker,
      database,
      models,
      chatSettings,
      logged,
      stop: async (graceMs = 0) => {
        if (!this.workers.delete(member)) return;
        await worker.stop(graceMs);
        await database.close();
      },
    };
    this.workers.add(member);
    return member;
  }

  async startWorker(options: TestWorkerOptions = {}): Promise<TestWorker> {
    const member = await this.addWorker(options);
    await member.worker.start();
    return member;
  }

  /** A chat whose first message asks the mock for that; returns its id. */
  async createChat(
    control: ControlInput | string,
    options: { dynamicTools?: DynamicTool[]; title?: string } = {},
  ): Promise<string> {
    const text = typeof control === 'string' ? control : ask(control);
    const created = await createChat(this.store, {
      organizationId: this.organizationId,
      ownerId: this.ownerId,
      title: options.title ?? 'Named by hand',
      titleSource: options.title === undefined ? 'manual' : 'fallback',
      modelConfigId: this.modelConfigId,
      dynamicTools: options.dynamicTools ?? [],
      userMessage: {
        role: 'user',
        content: [{ type: 'text', text }],
        createdBy: this.ownerId,
        modelConfigId: this.modelConfigId,
      },
    });
    if (!created.ok) throw new Error(created.reason);
    return created.chat.id;
  }

  async head(chatId: string): Promise<ChatHead> {
    const head = await readChat(this.testDatabase.database, { chatId });
    if (head === null) throw new Error('no such chat');
    return head;
  }

  /** Waits until the chat is in that status, and nothing else is. */
  async until(chatId: string, status: ChatStatus): Promise<ChatHead> {
    return eventually(
      async () => {
        const head = await this.head(chatId);
        if (head.status !== status)
          throw new Error(`still ${head.status}: ${JSON.stringify(head.lastError)}`);
        return head;
      },
      { timeoutMs: 15_000 },
    );
  }

  async messages(chatId: string): Promise<ChatMessage[]> {
    const { messages } = await readMessages(this.testDatabase.database, { chatId, afterId: 0, limit: 200 });
    return messages;
  }

  /** Role and text of each message, control blocks left as they are. */
  async texts(chatId: string): Promise<[string, string][]> {
    const messages = await this.messages(chatId);
    return messages.map((message) => [message.role, textOf(message)]);
  }

  async ledger(): Promise<LedgerEntryJson[]> {
    const response = await fetch(`${this.mockUrl}/ledger`);
    const { entries } = (await response.json()) as { entries: LedgerEntryJson[] };
    return entries;
  }

  /** Waits until the mock has begun so many answers more than it had. */
  async partsOf(chatId: string, count: number): Promise<ChatParts[]> {
    return eventually(() => {
      const parts = this.parts.filter((batch) => batch.chat_id === chatId);
      if (parts.flatMap((batch) => batch.parts).length < count) throw new Error('no parts yet');
      return parts;
    });
  }
}

/** The database with something in the way of each statement: `around` may throw, wait, or run it and lose the answer. */
export function obstructed(
  database: Database,
  around: (name: string, run: () => Promise<unknown>) => Promise<unknown>,
): Database {
  const obstruct = (queryable: Queryable) => ({
    query: (statement: SqlStatement, values: readonly unknown[]) =>
      around(statement.name, () => queryable.query(statement, values)),
  });
  return new Proxy(database, {
    get(target, key): unknown {
      if (key === 'query') return obstruct(target).query;
      if (key === 'priority') return obstruct(target.priority);
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

export function connectionError(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}

export function ask(control: ControlInput): string {
  return `please ${formatControlBlock(control)}`;
}

export function textOf(message: ChatMessage): string {
  return message.content.map((part) => (part.type === 'text' ? part.text : `<${part.type}>`)).join('');
}

export const silentMetrics: WorkerMetrics = {
  firstPart: () => undefined,
  stepCommitted: () => undefined,
  toolBegun: () => undefined,
  auxiliaryCall: () => undefined,
  compacted: () => undefined,
  retried: () => undefined,
  failed: () => undefined,
  acquired: () => undefined,
  fenced: () => undefined,
  turnEnded: () => undefined,
  firstToken: () => undefined,
  partsPublished: () => undefined,
  recovered: () => undefined,
};

const defaultSettings: WorkerSettings = {
  acquireBatchSize: 10,
  sweepMs: 1_000,
  maxChats: 100,
  maxIdleChats: 100,
  idleOwnershipMs: 30_000,
  transcriptCacheBytes: 16 * 1024 * 1024,
  maxAuxiliaryCalls: 8,
  // They would be calls that most tests do not count on.
  turnLabels: 'none',
  chatTitles: true,
  chatSummaries: false,
};
