/**
 * The command behind `npm run cluster`: the services as separate processes on real Postgres, NATS and Redis, behind one port.
 * SIGHUP restarts every process one by one, as a rollout does.
 */
import { LlmMock } from '@parley/llmmock';
import { startLocalServers } from '@parley/local-servers';
import { createLogger, loadConfig, runService, type ConfigOf, type ServiceContext } from '@parley/service';
import { Command, InvalidArgumentError } from 'commander';
import { join } from 'node:path';
import { answerSources } from '../answer-sources';
import { clusterConfig } from '../config';
import { DataDirectory } from '../data-directory';
import { plainLog } from '../plain-log';
import { provision } from '../provision';
import { welcomeJson, welcomeText } from '../welcome';
import { Cluster } from './cluster';

interface Flags {
  gateways: number;
  workers: number;
  relays: number;
  pool: number;
  port?: number;
  json?: true;
  respawn?: true;
}

const POSTGRES_CONNECTIONS = 300;

function parseFlags(): Flags {
  const count = wholeNumber(1, 20);
  return new Command('npm run cluster --')
    .description('Parley as separate processes on this machine, on real Postgres, NATS and Redis.')
    .option('--gateways <n>', 'gateway processes', count, 2)
    .option('--workers <n>', 'chat-worker processes', count, 2)
    .option('--relays <n>', 'stream-relay processes', count, 2)
    .option('--pool <n>', 'Postgres connections of each process', wholeNumber(2, 100), 10)
    .option('--port <n>', 'the one port in front; 0 takes a free one (default: PORT)', wholeNumber(0, 65_535))
    .option('--respawn', 'start a process again when it dies')
    .option('--json', 'print one line of JSON once everything is ready')
    .parse()
    .opts<Flags>();
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
    }
    return value;
  };
}

async function start(flags: Flags, { onStop, logger }: ServiceContext): Promise<void> {
  const config = loadConfig(clusterConfig, { warn: (message) => logger.warn(message) });
  const directory = await DataDirectory.open(join(config.parleyDataDir, 'cluster'));
  const servers = await startLocalServers({
    databaseUrl: config.databaseUrl,
    natsUrl: config.natsUrl,
    redisUrl: config.redisUrl,
    postgres: {
      dataDirectory: directory.postgres,
      maxConnections: POSTGRES_CONNECTIONS,
      settings: { shared_preload_libraries: 'pg_stat_statements' },
    },
  });
  onStop('servers', () => servers.stop());
  const mock = new LlmMock();
  const { url: mockUrl } = await mock.start({ chunkDelayMs: 30 });
  onStop('mock', () => mock.stop());
  const cluster = await Cluster.start({
    size: { ...flags, webpush: 1, gitsync: 1 },
    port: flags.port ?? config.port,
    logDirectory: join(directory.path, 'logs'),
    respawn: flags.respawn === true,
    environment: {
      databaseUrl: servers.databaseUrl,
      natsUrl: servers.natsUrl,
      redisUrl: servers.redisUrl,
      encryptionKey: await directory.encryptionKey(),
      poolSize: flags.pool,
      logLevel: config.logLevel,
      extra: observabilityOf(config),
    },
  });
  onStop('services', () => cluster.stop());
  process.on('SIGHUP', () => {
    cluster
      .rollingRestart()
      .catch((error: unknown) => logger.error({ err: error }, 'The rolling restart failed'));
  });
  const sources = answerSources(config, mockUrl);
  const provisioned = await provision(cluster.url, { directory, sources });
  const welcome = {
    ...provisioned,
    url: cluster.url,
    isMock: sources[0]?.name === 'mock',
    pids: cluster.pids(),
  };
  console.log(flags.json === true ? welcomeJson(welcome) : welcomeText(welcome));
}

/** What each service is started with, so that the cluster can be looked into as a deployment can. */
function observabilityOf(config: ConfigOf<typeof clusterConfig>): Record<string, string> {
  const { parleyTraceFile: file, otelExporterOtlpEndpoint: endpoint } = config;
  return {
    PARLEY_TRACE_SAMPLE: String(config.parleyTraceSample),
    DEBUG_ENDPOINTS: String(config.debugEndpoints),
    ...(file === undefined ? {} : { PARLEY_TRACE_FILE: file }),
    ...(endpoint === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }),
  };
}

const flags = parseFlags();
const logger = createLogger({ name: 'cluster', level: 'warn', destination: plainLog });
void runService({
  name: 'cluster',
  logger,
  start: (context) => start(flags, context),
  stopTimeoutMs: 60_000,
});
