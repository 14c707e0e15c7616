/** A cluster of real processes on servers of its own, with the mock in this process, set up to be talked to. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ParleyClient } from '@parley/client';
import { LlmMock } from '@parley/llmmock';
import { startLocalServers, type LocalServers } from '@parley/local-servers';
import { Cluster, DataDirectory, provision, type AnswerSource, type ClusterSize } from '@parley/standalone';
import { ensureBuilt } from './built';

export interface TestCluster {
  cluster: Cluster;
  servers: LocalServers;
  mock: { url: string };
  client: ParleyClient;
  organizationId: string;
  /** A client of one replica, past the port in front. */
  clientOf(url: string): ParleyClient;
  stop(): Promise<void>;
}

export async function startTestCluster(
  size: ClusterSize,
  options: { poolSize?: number; respawn?: boolean } = {},
): Promise<TestCluster> {
  ensureBuilt();
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (let next = stops.pop(); next !== undefined; next = stops.pop()) await next();
  };
  try {
    return { ...(await start(size, { ...options, stops })), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What has to be stopped goes to `stops`, the last one first. */
async function start(
  size: ClusterSize,
  options: { poolSize?: number; respawn?: boolean; stops: (() => Promise<unknown>)[] },
): Promise<Omit<TestCluster, 'stop'>> {
  const { stops } = options;
  const scratch = await mkdtemp(join(tmpdir(), 'parley-e2e-'));
  stops.push(() => rm(scratch, { recursive: true, force: true }));
  const servers = await startLocalServers({
    postgres: { maxConnections: 200, settings: { shared_preload_libraries: 'pg_stat_statements' } },
  });
  stops.push(() => servers.stop());
  const llmMock = new LlmMock();
  const mock = await llmMock.start();
  stops.push(() => llmMock.stop());
  const cluster = await Cluster.start({
    size,
    port: 0,
    logDirectory: join(scratch, 'logs'),
    respawn: options.respawn ?? false,
    environment: {
      databaseUrl: servers.databaseUrl,
      natsUrl: servers.natsUrl,
      redisUrl: servers.redisUrl,
      encryptionKey: randomBytes(32).toString('base64'),
      poolSize: options.poolSize ?? 5,
      logLevel: 'info',
      extra: {},
    },
  });
  stops.push(() => cluster.stop());
  const { token, organizationId } = await provision(cluster.url, {
    directory: await DataDirectory.open(scratch),
    sources: [mockSource(mock.url)],
  });
  const clientOf = (baseUrl: string): ParleyClient => new ParleyClient({ baseUrl, token });
  return { cluster, servers, mock, client: clientOf(cluster.url), organizationId, clientOf };
}

function mockSource(mockUrl: string): AnswerSource {
  return {
    name: 'mock',
    type: 'openai-compat',
    baseUrl: `${mockUrl}/v1`,
    apiKey: 'mock',
    model: 'mock',
    contextLimit: 100_000,
  };
}
