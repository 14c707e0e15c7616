/**
 * The whole system in one process: the modules of the services on one database pool, an in-process bus and an in-process store, in
 * front of a Postgres of its own (or a given one). What it opens it closes, in reverse order, and within seconds: a turn in
 * flight is handed over to the next start.
 */
import { createInProcessBus, type Bus } from '@parley/bus';
import { createChatWorkerApp, workerConfig } from '@parley/chat-worker';
import { Database } from '@parley/database';
import { createGatewayApp, gatewayReadinessChecks } from '@parley/gateway';
import { createGitsyncApp, gitsyncWorkerConfig } from '@parley/gitsync';
import { Identity, SecretBox } from '@parley/identity';
import { createInProcessKeyValue, type KeyValue } from '@parley/key-value';
import { PostgresServer } from '@parley/local-servers';
import { runMigrations } from '@parley/migrations';
import {
  LISTEN_BACKLOG,
  defineConfig,
  loadConfig,
  Metrics,
  Readiness,
  startTracing,
  type Logger,
  type ServiceContext,
  type TraceExporter,
  type Tracer,
} from '@parley/service';
import { createStreamRelay, relayConfig } from '@parley/stream-relay';
import { createWebpushApp, webpushSettings } from '@parley/webpush';

export interface StandaloneOptions {
  port: number;
  /** Where Postgres keeps its data; not used with a given `databaseUrl`. */
  dataDirectory: string;
  databaseUrl: string | undefined;
  /** 32 bytes in base64. */
  encryptionKey: string;
  poolSize: number;
  /** Default: nothing is traced. */
  tracing?: { exporter: TraceExporter; sample: number };
  /** Serve profiles and heap snapshots to this machine. */
  isDebuggable?: boolean;
}

/** At a stop, a running step may go on for this long before it is handed over to the next start. */
const STEP_GRACE_MS = 1_500;

export interface Standalone {
  url: string;
  /** Turns run from now on, also those that an earlier stop handed over: call it once models can be reached as configured. */
  work: () => Promise<void>;
}

/** Starts everything but the work; resolves once it answers. What has to be stopped is registered in `context`. */
export async function startStandalone(
  options: StandaloneOptions,
  context: ServiceContext,
): Promise<Standalone> {
  const { logger, onStop, signal } = context;
  const { exporter, sample } = options.tracing ?? { exporter: { type: 'none' }, sample: 0 };
  const tracing = await startTracing({ serviceName: 'standalone', exporter, sample });
  onStop('tracing', () => tracing.stop());
  const databaseUrl = options.databaseUrl ?? (await startPostgres(options.dataDirectory, onStop));
  await runMigrations({ url: databaseUrl });
  const database = await Database.open({
    url: databaseUrl,
    poolSize: options.poolSize,
    applicationName: 'parley',
    onIdleError: (error) => logger.warn({ err: error }, 'An idle connection to Postgres broke'),
  });
  onStop('database', () => database.close());
  const bus = createInProcessBus({ logger, validate: false });
  onStop('bus', () => bus.drain());
  const keyValue = createInProcessKeyValue();
  onStop('key-value', () => keyValue.close());
  const parts = {
    database,
    bus,
    keyValue,
    logger,
    identity: new Identity({ database, bus }),
    secretBox: SecretBox.fromText(options.encryptionKey),
    metrics: new Metrics().collectProcess(),
    tracer: tracing.tracer,
  };
  const relay = createStreamRelay({ ...parts, config: loadConfig(relayConfig) });
  await relay.start();
  await startSideServices(parts, onStop);
  const gateway = await createGatewayApp({
    ...parts,
    isDebuggable: options.isDebuggable === true,
    streamForwarder: relay,
    readiness: new Readiness({ signal, checks: gatewayReadinessChecks({ database }) }),
    settings: { apiRateLimit: 0, loginRateLimit: 60, trustProxy: false },
  });
  onStop('gateway', () => gateway.close());
  // Before the gateway: its server waits for open connections, and streams never end by themselves.
  onStop('relay', () => relay.stop());
  await gateway.listen({ port: options.port, host: '127.0.0.1', backlog: LISTEN_BACKLOG });
  const { port } = gateway.getHttpServer().address() as { port: number };
  return { url: `http://127.0.0.1:${port}`, work: () => startWorker(parts, onStop) };
}

async function startPostgres(dataDirectory: string, onStop: ServiceContext['onStop']): Promise<string> {
  const postgres = await PostgresServer.start({ dataDirectory });
  onStop('postgres', () => postgres.stop());
  return postgres.url;
}

interface Parts {
  database: Database;
  bus: Bus;
  keyValue: KeyValue;
  logger: Logger;
  secretBox: SecretBox;
  metrics: Metrics;
  tracer: Tracer;
}

async function startWorker(parts: Parts, onStop: ServiceContext['onStop']): Promise<void> {
  const worker = createChatWorkerApp({ ...parts, config: loadConfig(workerConfig) });
  await worker.start(null);
  onStop('worker', () => worker.stop(STEP_GRACE_MS));
}

async function startSideServices(parts: Parts, onStop: ServiceContext['onStop']): Promise<void> {
  const webpush = createWebpushApp({ ...parts, config: loadConfig(webpushSettings) });
  await webpush.start(null);
  onStop('webpush', () => webpush.stop());
  const { gitProviders } = loadConfig(defineConfig({ GIT_PROVIDERS: gitsyncWorkerConfig.GIT_PROVIDERS }));
  const gitsync = createGitsyncApp({ ...parts, sealer: parts.secretBox, providers: gitProviders });
  await gitsync.start(null);
  onStop('gitsync', () => gitsync.stop());
}
