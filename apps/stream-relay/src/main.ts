/** The stream relay as a process of its own. */
import 'reflect-metadata';
import { Identity } from '@parley/identity';
import { migrations } from '@parley/migrations';
import { openParts, runConfiguredService, type ConfigOf, type ServiceContext } from '@parley/service';
import { streamRelayConfig } from './config';
import { createStreamRelay } from './stream-relay-app';

const NAME = 'stream-relay';

async function start(config: ConfigOf<typeof streamRelayConfig>, context: ServiceContext): Promise<void> {
  const { logger, onStop } = context;
  const options = { name: NAME, migrations, config, tracing: config };
  const { database, bus, metrics, tracer } = await openParts(options, context);
  const identity = new Identity({ database, bus });
  const own = { tracer, isDebuggable: config.debugEndpoints };
  const app = createStreamRelay({ database, bus, identity, logger, metrics, config, ...own });
  onStop('relay', () => app.stop());
  await app.start({ host: config.host, port: config.port });
  logger.info({ url: await app.url() }, 'Relays streams');
}

void runConfiguredService({ name: NAME, schema: streamRelayConfig, start });
