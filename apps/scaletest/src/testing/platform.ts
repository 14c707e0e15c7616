/**
 * The platform in this process for specs that plant faults: the modules of the services on a throwaway database and an in-process bus,
 * each behind a wrapper that the spec chooses. The product has no hook for this; the seams are its own interfaces.
 */
import { randomBytes } from 'node:crypto';
import { createInProcessBus, type Bus } from '@parley/bus';
import { type ChatWorkerDependencies, createChatWorkerApp, workerConfig } from '@parley/chat-worker';
import { Database, type SqlStatement } from '@parley/database';
import { createGatewayApp, gatewayReadinessChecks } from '@parley/gateway';
import { Identity, SecretBox } from '@parley/identity';
import { createInProcessKeyValue } from '@parley/key-value';
import { LlmMock } from '@parley/llmmock';
import { createLogger, loadConfig, Metrics, Readiness } from '@parley/service';
import { createStreamRelay, relayConfig } from '@parley/stream-relay';
import { turnsAlone } from '../system/turns-alone';
import { oneByOne } from './statements';
import { Stack } from '../system/stack';
import type { Target } from '../system/target';

export type Query = <Row>(statement: SqlStatement, values: readonly unknown[]) => Promise<Row[]>;
export type LocalTool = NonNullable<ChatWorkerDependencies['tools']>[number];

export interface PlantedFaults {
  /** Of each worker's database, its connection for the heartbeat included; `worker` counts them from 0. */
  readonly query?: (real: Query, worker: number) => Query;
  /** What is published in place of a message; nothing loses it. */
  readonly publish?: (subject: string, payload: unknown) => readonly unknown[];
  /** What a question over the bus is answered with. */
  readonly reply?: (subject: string, reply: unknown) => unknown;
  /** Tools that the workers run themselves. */
  readonly tools?: readonly LocalTool[];
  /** The tokens of the runs of `tools`. */
  readonly toolRuns?: readonly string[];
  /** The run reads the workers' counters, which takes it some seconds more. */
  readonly isCounted?: boolean;
  /** Default: 1. */
  readonly workers?: number;
  /** Settings of the workers, as in their environment. */
  readonly workerEnv?: Readonly<Record<string, string>>;
}

export async function startPlatform(databaseUrl: string, faults: PlantedFaults): Promise<Target> {
  const stack = new Stack();
  try {
    const mock = new LlmMock();
    const { url: mockUrl } = await mock.start();
    stack.defer(() => mock.stop());
    const { url, workerUrls } = await startServices(databaseUrl, faults, stack);
    return {
      kind: 'given',
      apiUrls: [url],
      streamUrls: [url],
      token: undefined,
      mockUrl,
      databaseUrl: undefined,
      natsMonitorUrl: undefined,
      metricsUrls: faults.isCounted === true ? { 'chat-worker': workerUrls } : {},
      processes: () => ({}),
      topology: {},
      toolRuns: faults.toolRuns === undefined ? undefined : () => faults.toolRuns ?? [],
      chaos: undefined,
      stop: () => stack.unwind(),
    };
  } catch (error) {
    await stack.unwind();
    throw error;
  }
}

interface Urls {
  readonly url: string;
  /** Of their metrics. */
  readonly workerUrls: readonly string[];
}

async function startServices(databaseUrl: string, faults: PlantedFaults, stack: Stack): Promise<Urls> {
  const logger = createLogger({ name: 'planted', level: 'silent' });
  const database = await Database.open({ url: databaseUrl, poolSize: 4, applicationName: 'planted' });
  stack.defer(() => database.close());
  const real = createInProcessBus({ logger, validate: true });
  stack.defer(() => real.drain());
  const bus = withWires(real, faults);
  const keyValue = createInProcessKeyValue();
  stack.defer(() => keyValue.close());
  const parts = {
    database,
    bus,
    keyValue,
    logger,
    identity: new Identity({ database, bus }),
    secretBox: SecretBox.fromText(randomBytes(32).toString('base64')),
    metrics: new Metrics(),
  };
  const relay = createStreamRelay({ ...parts, config: loadConfig(relayConfig, { env: {} }) });
  await relay.start();
  const { query, tools = [], workers = 1, workerEnv = {} } = faults;
  const workerUrls: string[] = [];
  for (let number = 0; number < workers; number += 1) {
    const worker = createChatWorkerApp({
      ...parts,
      database:
        query === undefined ? database : withQuery(database, (known) => oneByOne(query(known, number))),
      tools,
      metrics: new Metrics(),
      config: loadConfig(workerConfig, {
        env: { ...turnsAlone({ hasTitles: true }), WORKER_LEASE_MS: '60000', ...workerEnv },
      }),
    });
    await worker.start({ port: 0, host: '127.0.0.1' });
    stack.defer(() => worker.stop(0));
    workerUrls.push(await worker.url());
  }
  const gateway = await createGatewayApp({
    ...parts,
    streamForwarder: relay,
    readiness: new Readiness({
      signal: new AbortController().signal,
      checks: gatewayReadinessChecks({ database }),
    }),
    settings: { apiRateLimit: 0, loginRateLimit: 0, trustProxy: false },
  });
  stack.defer(() => gateway.close());
  stack.defer(() => relay.stop());
  await gateway.listen(0, '127.0.0.1');
  const { port } = gateway.getHttpServer().address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, workerUrls };
}

function withWires(bus: Bus, { publish: alter, reply: alterReply }: PlantedFaults): Bus {
  const publish: Bus['publish'] = (subject, payload, options) => {
    const sent = alter === undefined ? [payload] : alter(subject.subject, payload);
    for (const each of sent) bus.publish(subject, each as typeof payload, options);
  };
  const request: Bus['request'] = async (subject, payload, options) => {
    const reply = await bus.request(subject, payload, options);
    return alterReply === undefined ? reply : (alterReply(subject.subject, reply) as typeof reply);
  };
  return overriding(bus, { publish, request });
}

function withQuery(database: Database, wrap: (real: Query) => Query): Database {
  const query: Query = (statement, values) => database.query(statement, values);
  const priority: Query = (statement, values) => database.priority.query(statement, values);
  return overriding(database, { query: wrap(query), priority: { query: wrap(priority) } });
}

/** The same object with some members replaced; everything else runs on the original. */
function overriding<Target extends object>(target: Target, members: Partial<Target>): Target {
  return new Proxy(target, {
    get(original, name) {
      const source = name in members ? members : original;
      const value: unknown = Reflect.get(source, name);
      return typeof value === 'function' ? (value.bind(source) as unknown) : value;
    },
  });
}
