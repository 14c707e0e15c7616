/** The Postgres, NATS and Redis of a system that the harness starts, able to be measured. */
import { type LocalServers, startLocalServers } from '@parley/local-servers';

const POSTGRES_CONNECTIONS = 300;

/** @param isDurable waits for the disk at each commit, as a deployment does */
export function startServers(isDurable: boolean): Promise<LocalServers> {
  return startLocalServers({
    postgres: {
      maxConnections: POSTGRES_CONNECTIONS,
      isDurable,
      settings: {
        shared_preload_libraries: 'pg_stat_statements',
        'pg_stat_statements.max': 10_000,
        shared_buffers: '256MB',
        max_wal_size: '4GB',
      },
    },
    nats: { isMonitored: true },
  });
}
