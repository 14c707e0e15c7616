/** gitsync as a process of its own. */
import 'reflect-metadata';
import { SecretBox } from '@parley/identity';
import { migrations } from '@parley/migrations';
import {
  exposeBus,
  exposeDatabase,
  openParts,
  runConfiguredService,
  type ConfigOf,
  type ServiceContext,
} from '@parley/service';
import { gitsyncConfig } from './config';
import { createGitsyncApp } from './gitsync-app';

const NAME = 'gitsync';

async function start(config: ConfigOf<typeof gitsyncConfig>, context: ServiceContext): Promise<void> {
  const { logger, onStop } = context;
  const sealer = SecretBox.fromText(config.parleyEncryptionKey);
  const opened = await openParts({ name: NAME, migrations, config, tracing: config }, context);
  const { database, bus, metrics, tracer } = opened;
  exposeDatabase(metrics, database);
  exposeBus(metrics, bus);
  const own = { tracer, isDebuggable: config.debugEndpoints };
  const { gitProviders: providers } = config;
  const app = createGitsyncApp({ database, bus, sealer, providers, logger, metrics, ...own });
  onStop('gitsync', () => app.stop());
  await app.start({ host: config.host, port: config.port });
}

void runConfiguredService({ name: NAME, schema: gitsyncConfig, start });
