/** The services as processes of their own on real Postgres, NATS and Redis, all of them measurable and breakable. */
import { randomBytes } from 'node:crypto';
import type { LocalServers } from '@parley/local-servers';
import { Cluster } from '@parley/standalone';
import { ClusterChaos } from '../chaos/cluster-chaos';
import { NatsProxy } from '../chaos/nats-proxy';
import { startMock } from './mock-process';
import { startServers } from './servers';
import type { SpawnOptions } from './spawn-options';
import { Stack } from './stack';
import type { Target } from './target';
import { turnsAlone } from './turns-alone';

export async function spawnCluster(options: SpawnOptions): Promise<Target> {
  const stack = new Stack();
  try {
    const servers = await startServers(options.isDurable);
    stack.defer(() => servers.stop());
    const mock = await startMock(options.logDirectory, options.ledgerEntries);
    stack.defer(() => mock.stop());
    const proxy = options.canDisturbBus ? await NatsProxy.listen(servers.natsUrl) : undefined;
    stack.defer(async () => proxy?.close());
    const cluster = await startServices(options, servers, proxy?.url ?? servers.natsUrl);
    stack.defer(() => cluster.stop());
    return describe(options, { cluster, servers, mockPort: mock.port, mock, proxy, stack });
  } catch (error) {
    await stack.unwind();
    throw error;
  }
}

function startServices(options: SpawnOptions, servers: LocalServers, natsUrl: string): Promise<Cluster> {
  return Cluster.start({
    size: options.size,
    port: 0,
    logDirectory: options.logDirectory,
    respawn: false,
    environment: {
      databaseUrl: servers.databaseUrl,
      natsUrl,
      redisUrl: servers.redisUrl,
      encryptionKey: randomBytes(32).toString('base64'),
      poolSize: options.pool,
      logLevel: 'info',
      extra: {
        API_RATE_LIMIT: String(options.rateLimit),
        DEBUG_ENDPOINTS: String(options.isDebuggable),
        ...turnsAlone(options),
        ...traceEnvironment(options.traceFile),
      },
    },
  });
}

/** So few are taken by chance that only those are which bring a sampled `traceparent`. */
function traceEnvironment(file: string | undefined): Record<string, string> {
  return file === undefined ? {} : { PARLEY_TRACE_FILE: file, PARLEY_TRACE_SAMPLE: '0.000001' };
}

interface Parts {
  readonly cluster: Cluster;
  readonly servers: LocalServers;
  readonly mock: { readonly pid: number | undefined };
  readonly mockPort: number;
  readonly proxy: NatsProxy | undefined;
  readonly stack: Stack;
}

function describe(options: SpawnOptions, { cluster, servers, mock, mockPort, proxy, stack }: Parts): Target {
  const gateways = cluster.urls('gateway');
  const relays = cluster.urls('stream-relay');
  return {
    kind: 'cluster',
    apiUrls: gateways,
    streamUrls: options.isThroughGateways ? gateways : relays,
    token: undefined,
    mockUrl: `http://127.0.0.1:${mockPort}`,
    databaseUrl: servers.databaseUrl,
    natsMonitorUrl: servers.nats?.monitorUrl,
    metricsUrls: { gateway: gateways, 'chat-worker': cluster.urls('chat-worker'), 'stream-relay': relays },
    processes: () => ({
      ...cluster.pids(),
      postgres: known(servers.postgres?.pid),
      nats: known(servers.nats?.pid),
      redis: known(servers.redis?.pid),
      mock: known(mock.pid),
      generator: [process.pid],
    }),
    topology: {
      ...options.size,
      pool: options.pool,
      postgres_fsync: options.isDurable,
      rate_limit: options.rateLimit,
      through_gateways: options.isThroughGateways,
      titles: options.hasTitles,
    },
    chaos: new ClusterChaos({ cluster, servers, proxy, logDirectory: options.logDirectory }),
    stop: () => stack.unwind(),
  };
}

const known = (pid: number | undefined): number[] => (pid === undefined ? [] : [pid]);
