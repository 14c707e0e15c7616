/**
 * A gateway, a worker and the mock of the models in one process, with a priced model for each of the three APIs, and beside one of them
 * a cheap one that titles and labels are asked of.
 */
import type { ChatStatus } from '@parley/contracts';
import { createChatWorkerApp, workerConfig } from '@parley/chat-worker';
import { formatControlBlock, LlmMock, type ControlInput, type LedgerEntryJson } from '@parley/llmmock';
import { createLogger, loadConfig, Metrics } from '@parley/service';
import { eventually } from '@parley/testing';
import { idOf, provision, type Person, type Provisioned } from '../../testing/provision';
import { startGateway, type Reply, type TestGateway } from '../../testing/start-gateway';

export interface PricedModel {
  readonly id: string;
  /** As the mock's ledger names them. */
  readonly api: string;
  readonly model: string;
  /** Millionths of a micro-dollar per token: the price's decimals as a whole number. */
  readonly prices: { readonly input: bigint; readonly output: bigint; readonly cacheRead: bigint };
}

const APIS = [
  {
    api: 'openai-responses',
    type: 'openai',
    model: 'gpt-5',
    path: '/v1',
    prices: ['1.333333', '10.7', '0.111111'],
  },
  {
    api: 'chat-completions',
    type: 'openai-compat',
    model: 'qwen',
    path: '/v1',
    prices: ['0.4', '1.600001', '0.05'],
  },
  {
    api: 'anthropic',
    type: 'anthropic',
    model: 'claude-sonnet-5',
    path: '',
    prices: ['3', '15.000001', '0.3'],
  },
] as const;

/** Of the same provider as the first. */
const CHEAP = { model: 'gpt-5-nano', prices: ['0.05', '0.400003', '0.005'] } as const;

const millionths = (price: string): bigint => {
  const [whole = '0', decimals = ''] = price.split('.');
  return BigInt(whole) * 1_000_000n + BigInt(decimals.padEnd(6, '0'));
};

export class SpendingSystem {
  private constructor(
    readonly gateway: TestGateway,
    readonly world: Provisioned,
    /** One for each API. */
    readonly models: readonly PricedModel[],
    readonly cheapModel: PricedModel,
    private readonly mockUrl: string,
    private readonly stop: () => Promise<void>,
  ) {}

  /** `workerEnv`: settings of the worker, as in its environment. */
  static async start(workerEnv: Readonly<Record<string, string>> = {}): Promise<SpendingSystem> {
    const mock = new LlmMock();
    const { url } = await mock.start();
    const gateway = await startGateway({ database: { poolSize: 8 } });
    const world = await provision(gateway);
    const worker = createChatWorkerApp({
      database: gateway.testDatabase.database,
      bus: gateway.bus,
      secretBox: gateway.secretBox,
      logger: createLogger({ name: 'test', level: 'silent' }),
      metrics: new Metrics(),
      config: loadConfig(workerConfig, {
        env: { CHAT_SWEEP_MS: '200', WORKER_LEASE_MS: '60000', ...workerEnv },
      }),
    });
    await worker.start(null);
    const models: PricedModel[] = [];
    const cheap: PricedModel[] = [];
    for (const source of APIS) {
      const providerId = await addProvider({ gateway, world, url }, source);
      models.push(await addModel({ gateway, world, providerId }, source));
      if (cheap.length === 0)
        cheap.push(await addModel({ gateway, world, providerId }, { ...source, ...CHEAP }));
    }
    const [cheapModel] = cheap;
    if (cheapModel === undefined) throw new Error('no models');
    return new SpendingSystem(gateway, world, models, cheapModel, url, async () => {
      await worker.stop(0);
      await gateway.close();
      await mock.stop();
    });
  }

  close(): Promise<void> {
    return this.stop();
  }

  as(person: Person, method: string, path: string, body?: unknown): Promise<Reply> {
    return this.gateway.call(method, `/api/v2${path}`, { token: person.token, body });
  }

  create(person: Person, model: PricedModel, control: ControlInput, extra: object = {}): Promise<Reply> {
    const organization_id = this.world.organizationId;
    return this.as(person, 'POST', '/chats', {
      organization_id,
      model_config_id: model.id,
      ...ask(control),
      ...extra,
    });
  }

  async until(person: Person, chatId: string, status: ChatStatus): Promise<void> {
    await eventually(
      async () => {
        const { body } = await this.as(person, 'GET', `/chats/${chatId}`);
        const chat = body as { status: string; last_error?: unknown };
        if (chat.status !== status) throw new Error(`${chat.status} ${JSON.stringify(chat.last_error)}`);
      },
      { timeoutMs: 20_000 },
    );
  }

  /** Waits until the mock has sent that much of an answer to a request with this key. */
  async untilAnswering(key: string, chunks = 3): Promise<void> {
    await eventually(async () => (await this.ledger()).some((e) => e.key === key && e.chunks_sent >= chunks));
  }

  async ledger(): Promise<LedgerEntryJson[]> {
    const reply = await fetch(`${this.mockUrl}/ledger?limit=10000`);
    return ((await reply.json()) as { entries: LedgerEntryJson[] }).entries;
  }
}

export const ask = (control: ControlInput): object => ({
  content: [{ type: 'text', text: `Please help. ${formatControlBlock(control)}` }],
});

interface Place {
  readonly gateway: TestGateway;
  readonly world: Provisioned;
}

async function addProvider(
  { gateway, world, url }: Place & { readonly url: string },
  { type, path }: (typeof APIS)[number],
): Promise<string> {
  const { token } = world.admin;
  const body = { type, name: `mock ${type}`, base_url: `${url}${path}`, api_key: 'any' };
  return idOf((await gateway.call('POST', '/api/v2/chats/providers', { token, body })).body);
}

async function addModel(
  { gateway, world, providerId }: Place & { readonly providerId: string },
  source: {
    readonly api: string;
    readonly model: string;
    readonly prices: readonly [string, string, string];
  },
): Promise<PricedModel> {
  const { api, model, prices } = source;
  const { token } = world.admin;
  const [input, output, cacheRead] = prices;
  const cost = {
    input_price_per_million_tokens: input,
    output_price_per_million_tokens: output,
    cache_read_price_per_million_tokens: cacheRead,
  };
  const created = await gateway.call('POST', `/api/v2/organizations/${world.organizationId}/chats/models`, {
    token,
    body: { ai_provider_id: providerId, model, context_limit: 100_000, model_config: { cost } },
  });
  return {
    id: idOf(created.body),
    api,
    model,
    prices: { input: millionths(input), output: millionths(output), cacheRead: millionths(cacheRead) },
  };
}
