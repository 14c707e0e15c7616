/** The three servers that tests and a local cluster need, each ours unless a URL names one that runs already. */
import { NatsServer, type NatsServerOptions } from './nats-server';
import { PostgresServer, type PostgresServerOptions } from './postgres/postgres-server';
import { RedisServer } from './redis-server';

export interface LocalServersOptions {
  /** Used, and not started, where given. */
  databaseUrl?: string | undefined;
  natsUrl?: string | undefined;
  redisUrl?: string | undefined;
  postgres?: PostgresServerOptions;
  nats?: NatsServerOptions;
}

export interface LocalServers {
  databaseUrl: string;
  natsUrl: string;
  redisUrl: string;
  /** Undefined where a given one is used. */
  postgres: PostgresServer | undefined;
  nats: NatsServer | undefined;
  redis: RedisServer | undefined;
  /** Stops those we started. */
  stop(): Promise<void>;
}

/** Starts what is not given, in parallel. When one fails the others are stopped and its error is thrown. */
export async function startLocalServers(options: LocalServersOptions = {}): Promise<LocalServers> {
  const [postgres, nats, redis] = await Promise.allSettled([
    unlessGiven(options.databaseUrl, () => PostgresServer.start(options.postgres)),
    unlessGiven(options.natsUrl, () => NatsServer.start(options.nats)),
    unlessGiven(options.redisUrl, () => RedisServer.start()),
  ]);
  const stop = async (): Promise<void> => {
    const started = [postgres, nats, redis].map((result) =>
      result.status === 'fulfilled' ? result.value : undefined,
    );
    await Promise.all(started.map(async (server) => server?.stop()));
  };
  if (postgres.status === 'rejected' || nats.status === 'rejected' || redis.status === 'rejected') {
    await stop();
    throw [postgres, nats, redis].find((result) => result.status === 'rejected')?.reason;
  }
  return {
    databaseUrl: options.databaseUrl ?? postgres.value?.url ?? '',
    natsUrl: options.natsUrl ?? nats.value?.url ?? '',
    redisUrl: options.redisUrl ?? redis.value?.url ?? '',
    postgres: postgres.value,
    nats: nats.value,
    redis: redis.value,
    stop,
  };
}

const unlessGiven = async <Server>(
  url: string | undefined,
  start: () => Promise<Server>,
): Promise<Server | undefined> => (url === undefined ? start() : undefined);
