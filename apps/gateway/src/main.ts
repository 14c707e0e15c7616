/** The gateway as a process of its own: opens what it needs, serves, and stops in the reverse order. */
import 'reflect-metadata';
import { Identity, SecretBox } from '@parley/identity';
import { connectRedis } from '@parley/key-value';
import { migrations } from '@parley/migrations';
import {
  LISTEN_BACKLOG,
  openParts,
  Readiness,
  runConfiguredService,
  type ServiceContext,
} from '@parley/service';
import { gatewayConfig, type GatewayConfig } from './config';
import { createGatewayApp } from './create-gateway-app';
import { withTimeouts } from './database-url';
import type { GatewayDependencies } from './dependencies';
import { checksOf } from './readiness-checks';
import { ProxyStreamForwarder } from './streams/proxy-stream-forwarder';

const NAME = 'gateway';
/** What closing the connections may take beyond the requests in flight. */
const STOP_MARGIN_MS = 10_000;

async function start(config: GatewayConfig, context: ServiceContext): Promise<void> {
  const { signal, logger, onStop } = context;
  const secretBox = SecretBox.fromText(config.parleyEncryptionKey);
  const { database, bus, metrics, tracer } = await openParts(
    {
      name: NAME,
      migrations,
      config: { ...config, databaseUrl: withTimeouts(config.databaseUrl) },
      tracing: config,
      connectTimeoutMs: config.databaseConnectTimeoutMs,
    },
    context,
  );
  const keyValue = await connectRedis({ url: config.redisUrl, logger });
  onStop('key-value', () => keyValue.close());
  const { trustProxy } = config;
  const streamForwarder = new ProxyStreamForwarder({
    relayUrls: config.relayUrls.split(',').map((url) => url.trim()),
    trustProxy,
    logger,
  });
  await serve(
    { config, context, streamForwarder },
    {
      database,
      bus,
      keyValue,
      identity: new Identity({ database, bus }),
      secretBox,
      streamForwarder,
      readiness: new Readiness({ signal, checks: checksOf({ database }) }),
      metrics,
      logger,
      tracer,
      isDebuggable: config.debugEndpoints,
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
  own: { config: GatewayConfig; context: ServiceContext; streamForwarder: ProxyStreamForwarder },
  dependencies: GatewayDependencies,
): Promise<void> {
  const { config, context, streamForwarder } = own;
  const app = await createGatewayApp(dependencies);
  context.onStop('http', async () => {
    const server = app.getHttpServer();
    const tooLate = setTimeout(() => server.closeAllConnections(), config.shutdownGraceMs);
    // First of all, so that nobody whose stream is cut comes back to this one.
    server.close();
    // Streams never end by themselves; clients resume them elsewhere.
    await streamForwarder.close({ withinMs: config.shutdownGraceMs / 2 });
    await app.close();
    clearTimeout(tooLate);
  });
  await app.listen({ port: config.port, host: config.host, backlog: LISTEN_BACKLOG });
  context.logger.info({ url: await app.getUrl() }, 'The gateway listens');
}

void runConfiguredService({
  name: NAME,
  schema: gatewayConfig,
  start,
  stopTimeoutMs: (config) => config.shutdownGraceMs + STOP_MARGIN_MS,
});
