/** The gateway as a process of its own: opens what it needs, serves, and stops in the reverse order. */
import 'reflect-metadata';
import { connectNats } from '@parley/bus';
import { assertSchemaIsCurrent, Database } from '@parley/database';
import { Identity, SecretBox } from '@parley/identity';
import { connectRedis } from '@parley/key-value';
import { migrations } from '@parley/migrations';
import {
  createLogger,
  loadConfig,
  Metrics,
  Readiness,
  runService,
  type Logger,
  type ServiceContext,
} from '@parley/service';
import { gatewayConfig, type GatewayConfig } from './config';
import { createGatewayApp } from './create-gateway-app';
import { withTimeouts } from './database-url';
import type { GatewayDependencies } from './dependencies';
import { checksOf } from './readiness-checks';
import { ProxyStreamForwarder } from './streams/proxy-stream-forwarder';

const NAME = 'gateway';
/** A request waits no longer than this for a free connection to Postgres. */
const DATABASE_CONNECT_TIMEOUT_MS = 3_000;
/** What closing the connections may take beyond the requests in flight. */
const STOP_MARGIN_MS = 10_000;

async function start(config: GatewayConfig, logger: Logger, context: ServiceContext): Promise<void> {
  const { signal, onStop } = context;
  const secretBox = SecretBox.fromText(config.parleyEncryptionKey);
  const database = await Database.open({
    url: withTimeouts(config.databaseUrl),
    poolSize: config.databasePoolSize,
    applicationName: `parley-${NAME}`,
    connectTimeoutMs: DATABASE_CONNECT_TIMEOUT_MS,
    onIdleError: (error) => logger.warn({ err: error }, 'an idle connection to Postgres was lost'),
  });
  onStop('database', () => database.close());
  await assertSchemaIsCurrent(database, migrations);
  const bus = await connectNats({ url: config.natsUrl, name: NAME, logger, validate: false, signal });
  onStop('bus', () => bus.drain());
  const keyValue = await connectRedis({ url: config.redisUrl, logger });
  onStop('key-value', () => keyValue.close());
  const { trustProxy } = config;
  const streamForwarder = new ProxyStreamForwarder({
    relayUrls: config.relayUrls.split(',').map((url) => url.trim()),
    trustProxy,
    logger,
  });
  await serve(
    { config, logger, onStop, streamForwarder },
    {
      database,
      bus,
      keyValue,
      identity: new Identity({ database, bus }),
      secretBox,
      streamForwarder,
      readiness: new Readiness({ signal, checks: checksOf({ database }) }),
      metrics: new Metrics().collectProcess(),
      logger,
      settings: {
        apiRateLimit: config.apiRateLimit,
        loginRateLimit: config.loginRateLimit,
        trustProxy,
        githubWebhookSecret: config.githubWebhookSecret,
      },
    },
  );
}

async function serve(
  own: {
    config: GatewayConfig;
    logger: Logger;
    onStop: ServiceContext['onStop'];
    streamForwarder: ProxyStreamForwarder;
  },
  dependencies: GatewayDependencies,
): Promise<void> {
  const { config, logger, onStop, streamForwarder } = own;
  const app = await createGatewayApp(dependencies);
  onStop('http', async () => {
    const server = app.getHttpServer();
    const tooLate = setTimeout(() => server.closeAllConnections(), config.shutdownGraceMs);
    // Streams never end by themselves; clients resume them elsewhere.
    streamForwarder.close();
    await app.close();
    clearTimeout(tooLate);
  });
  await app.listen(config.port, config.host);
  logger.info({ url: await app.getUrl() }, 'The gateway listens');
}

/** Logs as configured, or at the default level while there is no good configuration to say so. */
function readConfig(): { config: GatewayConfig; logger: Logger } | { error: unknown; logger: Logger } {
  const logger = createLogger({ name: NAME });
  try {
    const config = loadConfig(gatewayConfig, { warn: (message) => logger.warn(message) });
    return { config, logger: createLogger({ name: NAME, level: config.logLevel }) };
  } catch (error) {
    return { error, logger };
  }
}

const boot = readConfig();
const graceMs = 'config' in boot ? boot.config.shutdownGraceMs : 0;

void runService({
  name: NAME,
  logger: boot.logger,
  stopTimeoutMs: graceMs + STOP_MARGIN_MS,
  start: async (context) => {
    if ('error' in boot) throw boot.error;
    await start(boot.config, boot.logger, context);
  },
});
