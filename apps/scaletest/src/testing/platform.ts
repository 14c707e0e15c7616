/**
 * The platform in this process for specs that plant faults: the modules of the services on a throwaway database and an in-process bus,
 * each behind a wrapper that the spec chooses. The product has no hook for this; the seams are its own interfaces.
 */
import { randomBytes } from 'node:crypto';
import { createInProcessBus, type Bus } from '@parley/bus';
import { createChatWorkerApp, workerConfig } from '@parley/chat-worker';
import { Database, type SqlStatement } from '@parley/database';
import { createGatewayApp, gatewayReadinessChecks } from '@parley/gateway';
import { Identity, SecretBox } from '@parley/identity';
import { createInProcessKeyValue } from '@parley/key-value';
import { LlmMock } from '@parley/llmmock';
import { createLogger, loadConfig, Metrics, Readiness } from '@parley/service';
import { createStreamRelay, relayConfig } from '@parley/stream-relay';
import { Stack } from '../system/stack';
import type { Target } from '../system/target';

export type Query = <Row>(statement: SqlStatement, values: readonly unknown[]) => Promise<Row[]>;

export interface PlantedFaults {
  /** Of the worker's database. */
  readonly query?: (real: Query) => Query;
  /** What the services publish; false loses it. */
  readonly letsPass?: (subject: string) => boolean;
  /** Between two sweeps of the worker. */
  readonly sweepMs?: number;
}

export async function startPlatform(databaseUrl: string, faults: PlantedFaults): Promise<Target> {
  const stack = new Stack();
  try {
    const mock = new LlmMock();
    const { url: mockUrl } = await mock.start();
    stack.defer(() => mock.stop());
    const url = await startServices(databaseUrl, faults, stack);
    return {
      kind: 'given',
      apiUrls: [url],
      streamUrls: [url],
      token: undefined,
      mockUrl,
      databaseUrl: undefined,
      natsMonitorUrl: undefined,
      metricsUrls: {},
      processes: () => ({}),
      topology: {},
      chaos: undefined,
      stop: () => stack.unwind(),
    };
  } catch (error) {
    await stack.unwind();
    throw error;
  }
}

async function startServices(databaseUrl: string, faults: PlantedFaults, stack: Stack): Promise<string> {
  const logger = createLogger({ name: 'planted', level: 'silent' });
  const database = await Database.open({ url: databaseUrl, poolSize: 4, applicationName: 'planted' });
  stack.defer(() => database.close());
  const real = createInProcessBus({ logger, validate: true });
  stack.defer(() => real.drain());
  const bus = withPublish(real, faults.letsPass ?? (() => true));
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
  const sweep = faults.sweepMs === undefined ? {} : { CHAT_SWEEP_MS: String(faults.sweepMs) };
  const worker = createChatWorkerApp({
    ...parts,
    database: faults.query === undefined ? database : withQuery(database, faults.query),
    config: loadConfig(workerConfig, { env: sweep }),
  });
  await worker.start(null);
  stack.defer(() => worker.stop(0));
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
  return `http://127.0.0.1:${port}`;
}

function withPublish(bus: Bus, letsPass: (subject: string) => boolean): Bus {
  const publish: Bus['publish'] = (subject, payload, options) => {
    if (letsPass(subject.subject)) bus.publish(subject, payload, options);
  };
  return overriding(bus, { publish });
}

function withQuery(database: Database, wrap: (real: Query) => Query): Database {
  const real: Query = (statement, values) => database.query(statement, values);
  return overriding(database, { query: wrap(real) });
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
