/** gitsync as a process of its own. */
import 'reflect-metadata';
import { connectNats } from '@parley/bus';
import { assertSchemaIsCurrent, Database } from '@parley/database';
import { SecretBox } from '@parley/identity';
import { migrations } from '@parley/migrations';
import {
  exposeBus,
  exposeDatabase,
  Metrics,
  runConfiguredService,
  type ConfigOf,
  type ServiceContext,
} from '@parley/service';
import { gitsyncConfig } from './config';
import { createGitsyncApp } from './gitsync-app';

const NAME = 'gitsync';

async function start(
  config: ConfigOf<typeof gitsyncConfig>,
  { signal, logger, onStop }: ServiceContext,
): Promise<void> {
  const sealer = SecretBox.fromText(config.parleyEncryptionKey);
  const database = await Database.open({
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    applicationName: `parley-${NAME}`,
    onIdleError: (error) => logger.warn({ err: error }, 'An idle connection to Postgres broke'),
  });
  onStop('database', () => database.close());
  await assertSchemaIsCurrent(database, migrations);
  const bus = await connectNats({
    url: config.natsUrl,
    name: NAME,
    logger,
    validate: config.busValidation,
    signal,
  });
  onStop('bus', () => bus.drain());
  const metrics = new Metrics().collectProcess();
  exposeDatabase(metrics, database);
  exposeBus(metrics, bus);
  const app = createGitsyncApp({ database, bus, sealer, providers: config.gitProviders, logger, metrics });
  onStop('gitsync', () => app.stop());
  await app.start({ host: config.host, port: config.port });
}

void runConfiguredService({ name: NAME, schema: gitsyncConfig, start });
