/** The environment that each service process of a local cluster is started with. */

export type Role = 'gateway' | 'chat-worker' | 'stream-relay' | 'webpush' | 'gitsync';

export interface ClusterEnvironment {
  databaseUrl: string;
  natsUrl: string;
  redisUrl: string;
  /** 32 bytes in base64. */
  encryptionKey: string;
  /** Postgres connections of each process. */
  poolSize: number;
  logLevel: string;
  /** Passed on as they are, e.g. to change a limit of a service. */
  extra: Readonly<Record<string, string>>;
}

/** The built entry of a service. */
export function serviceMain(role: Role): string {
  return require
    .resolve(`@parley/${role}`)
    .replace(/index\.(js|ts)$/, 'main.js')
    .replace('/src/', '/dist/');
}

export function serviceEnvironment(
  environment: ClusterEnvironment,
  service: { role: Role; port: number; relayUrls: readonly string[] },
): Record<string, string> {
  return {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(service.port),
    DATABASE_URL: environment.databaseUrl,
    DATABASE_POOL_SIZE: String(environment.poolSize),
    NATS_URL: environment.natsUrl,
    REDIS_URL: environment.redisUrl,
    PARLEY_ENCRYPTION_KEY: environment.encryptionKey,
    LOG_LEVEL: environment.logLevel,
    ...(service.role === 'gateway' ? { RELAY_URLS: service.relayUrls.join(',') } : {}),
    ...environment.extra,
  };
}
