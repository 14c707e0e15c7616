/**
 * What a whole follow-up turn costs in chats of 10, 1,000 and 10,000 messages: a cluster of one process of each service, with the mock as the model.
 * Not part of the tests; after `npm run build`:
 *   NODE_OPTIONS=--max-semi-space-size=4 npx jest --testMatch '**\/whole-turns.bench.ts'
 * The option is that of a cluster's workers: what a prompt leaves to be collected costs as much here as there.
 * Turns of each size by BENCH_TURNS (default 100, one after the other, over some chats so that short ones stay short). Takes about three minutes.
 *
 * Each chat is written into the database; one turn that is not counted brings it to a worker. Of the others: CPU of each service, statements, and
 * the time. Beside it stands what the prompt alone costs (prompt-cost.ts). It fails when a turn costs more statements at one size than at
 * another, or more than the two of the hot path and what a mark of having read adds.
 */
import { mkdtemp } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Database, sql } from '@parley/database';
import { type AnswerShape, promptFor } from '../../../apps/scaletest/src/answer-shape';
import { ChatSession } from '../../../apps/scaletest/src/generator/chat-session';
import { HangWatch } from '../../../apps/scaletest/src/generator/hang-watch';
import { HttpClient } from '../../../apps/scaletest/src/generator/http-client';
import { ServerErrors } from '../../../apps/scaletest/src/generator/server-errors';
import { ProcessUsage } from '../../../apps/scaletest/src/measure/process-usage';
import { type IdleRates, idleRates, sqlCost } from '../../../apps/scaletest/src/measure/sql-cost';
import { SqlUsage } from '../../../apps/scaletest/src/measure/sql-usage';
import { provision, type Provisioned } from '../../../apps/scaletest/src/system/provision';
import { spawnCluster } from '../../../apps/scaletest/src/system/spawn-cluster';
import { Stack } from '../../../apps/scaletest/src/system/stack';
import type { Target } from '../../../apps/scaletest/src/system/target';
import { insertFilledChat, SIZES } from './filled-chat';
import { promptCost } from './prompt-cost';

const TURNS = Number(process.env['BENCH_TURNS'] ?? 100);
/** Of the shortest, so many that its chats do not grow far beyond their size. */
const CHATS: Readonly<Record<number, number>> = { 10: 10 };
const USUAL_CHATS = 2;
const SHAPE: AnswerShape = { chunks: 20, chunkSize: 20, chunkMs: 0, firstByteMs: 0 };
const IDLE_MS = 3_000;
const TURN_TIMEOUT_MS = 60_000;
const PROMPT_ROUNDS = 10;
const MAX_STATEMENTS = 2.2;
/** Two turns of a hundred may find the clock's statements beside them. */
const MAX_SPREAD = 0.1;
const SERVICES = ['gateway', 'chat-worker', 'stream-relay'];

/** So large that nothing is ever summarised. */
const WIDEN = sql('bench_widen', 'update chat_model_configs set context_limit = 100000000');

/** What so many new rows would have the server do by itself in the middle of the turns. */
const SETTLE = sql('bench_settle', 'vacuum analyze chat_messages');

interface Cost {
  readonly messages: number;
  readonly statements: number;
  /** Other than one of the usual two, with how often each ran. */
  readonly unusual: readonly string[];
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly medianMs: number;
}

class System {
  private readonly stack = new Stack();
  private readonly hangs = new HangWatch();
  private readonly errors = new ServerErrors();
  private readonly stopping = new AbortController();
  private chats = 0;

  private constructor(
    readonly target: Target,
    private readonly database: Database,
    private readonly sqlUsage: SqlUsage,
    private readonly provisioned: Provisioned,
  ) {}

  static async start(): Promise<System> {
    const target = await spawnCluster({
      size: { gateways: 1, workers: 1, relays: 1 },
      pool: 10,
      isDurable: true,
      rateLimit: 0,
      ledgerEntries: 0,
      canDisturbBus: false,
      isThroughGateways: false,
      hasTitles: true,
      isDebuggable: false,
      logDirectory: await mkdtemp(join(tmpdir(), 'parley-bench-logs-')),
    });
    const { databaseUrl: url = '', apiUrls, mockUrl } = target;
    const made = await provision({
      url: apiUrls[0] ?? '',
      token: undefined,
      mockUrl,
      users: 1,
      runTag: 'bench',
    });
    const database = await Database.open({ url, poolSize: 1, applicationName: 'bench' });
    await database.query(WIDEN, []);
    const system = new System(target, database, await SqlUsage.open(url), made);
    system.stack.defer(() => target.stop());
    system.stack.defer(() => database.close());
    system.stack.defer(() => system.sqlUsage.close());
    return system;
  }

  /** A chat of so many messages, of which a worker and a relay know. */
  async openChat(messages: number): Promise<ChatSession> {
    const { organizationId, modelConfigId, tokens } = this.provisioned;
    const chatId = await insertFilledChat(this.database, { organizationId, modelConfigId, messages });
    const http = { maxSockets: 4, serverErrors: this.errors };
    const [api, streams] = [
      new HttpClient(this.target.apiUrls, http),
      new HttpClient(this.target.streamUrls, http),
    ];
    this.stack.defer(async () => [api, streams].forEach((client) => client.close()));
    this.chats += 1;
    const token = tokens[0] ?? '';
    const name = `bench/${this.chats}`;
    const session = new ChatSession({
      api,
      streams,
      apiUrls: this.target.apiUrls,
      streamUrls: this.target.streamUrls,
      token,
      organizationId,
      modelConfigId,
      name,
      scenario: 'plain',
      runTag: 'bench',
      shape: SHAPE,
      turnTimeoutMs: TURN_TIMEOUT_MS,
      hangs: this.hangs,
      counts: { retries: 0, rateLimited: 0, confirmed: 0 },
      signal: this.stopping.signal,
    });
    this.stack.defer(async () => session.close());
    const order = { key: `${name}/0`, shape: SHAPE, toolSteps: [] };
    const body = { content: [{ type: 'text', text: promptFor(order) }] };
    const { status, text } = await api.call({
      method: 'POST',
      path: `/chats/${chatId}/messages`,
      token,
      body,
    });
    if (status >= 300) throw new Error(`The first message was answered ${status}: ${text}`);
    await session.adopt(chatId, order);
    return session;
  }

  async idle(): Promise<IdleRates> {
    const before = await this.sqlUsage.read();
    await delay(IDLE_MS);
    return idleRates(before, await this.sqlUsage.read());
  }

  async measure(messages: number): Promise<Cost> {
    const sessions: ChatSession[] = [];
    while (sessions.length < (CHATS[messages] ?? USUAL_CHATS)) sessions.push(await this.openChat(messages));
    await this.database.query(SETTLE, []);
    // What follows the turns that are not counted: marks of having read, a checkpoint's beginning.
    const idle = await this.idle();
    const usage = new ProcessUsage(this.target.processes);
    const before = await this.sqlUsage.read();
    usage.start();
    const times: number[] = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      const { sentAtMs, doneAtMs } = await nth(sessions, turn).turn({ intendedAtMs: performance.now() });
      times.push(doneAtMs - sentAtMs);
    }
    const { groups } = usage.stop();
    const after = await this.sqlUsage.read();
    for (const session of sessions) session.close();
    const cost = sqlCost({ before, after, turns: TURNS, idle });
    const cpuMs = Object.fromEntries(
      Object.entries(groups).map(([name, { cpuMs: ms }]) => [name, ms / TURNS]),
    );
    const unusual = cost.by_query
      .filter(({ is_background: isOfClock, calls }) => !isOfClock && calls !== TURNS)
      .map(({ query, calls }) => `${calls} × ${query}`);
    const medianMs = times.sort((a, b) => a - b)[times.length >> 1] ?? 0;
    return { messages, statements: cost.statements_per_turn, unusual, cpuMs, medianMs };
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.hangs.close();
    await this.stack.unwind();
  }
}

function nth<Item>(items: readonly Item[], index: number): Item {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('there is none');
  return item;
}

test('a whole turn costs the same in a long chat but for its prompt', async () => {
  const system = await System.start();
  try {
    // Code and pools are warm before the first look.
    await system.measure(SIZES[0] ?? 10);
    const costs: Cost[] = [];
    for (const messages of SIZES) {
      const cost = await system.measure(messages);
      costs.push(cost);
      const { mockUrl } = system.target;
      console.log(
        describe(cost, await promptCost({ messages, mockUrl, shape: SHAPE, rounds: PROMPT_ROUNDS })),
      );
    }
    const statements = costs.map((cost) => cost.statements);
    for (const count of statements) expect(count).toBeGreaterThanOrEqual(2);
    expect(Math.max(...statements)).toBeLessThanOrEqual(MAX_STATEMENTS);
    expect(Math.max(...statements) - Math.min(...statements)).toBeLessThanOrEqual(MAX_SPREAD);
  } finally {
    await system.stop();
  }
}, 900_000);

function describe(cost: Cost, prompt: Awaited<ReturnType<typeof promptCost>>): string {
  const { messages, statements, unusual, cpuMs, medianMs } = cost;
  const services = SERVICES.reduce((sum, name) => sum + (cpuMs[name] ?? 0), 0);
  const ofPrompt = prompt.walkCpuMs + prompt.sendCpuMs;
  const each = Object.entries(cpuMs).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
  return [
    `${messages} messages, ${TURNS} turns (load average ${loadavg()[0]?.toFixed(1)}):`,
    `  statements a turn ${statements.toFixed(2)}${unusual.length === 0 ? '' : `, not once each: ${unusual.join('; ')}`}`,
    `  CPU ms a turn: services ${services.toFixed(2)}, less the prompt ${(services - ofPrompt).toFixed(2)}; ${each.join(', ')}`,
    `  the prompt, ${Math.round(prompt.bytes / 1_000)} kB: CPU ms of walking the history ${prompt.walkCpuMs.toFixed(2)}, of JSON and bytes ${prompt.sendCpuMs.toFixed(2)}`,
    `  time of a turn, median ms ${medianMs.toFixed(1)}, less the prompt ${(medianMs - prompt.elapsedMs).toFixed(1)} (the prompt ${prompt.elapsedMs.toFixed(1)}, with the mock's reading it)`,
  ].join('\n');
}
