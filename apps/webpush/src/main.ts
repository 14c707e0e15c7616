/** Webpush as a process of its own. */
import 'reflect-metadata';
import { connectNats } from '@parley/bus';
import { assertSchemaIsCurrent, Database } from '@parley/database';
import { SecretBox } from '@parley/identity';
import { connectRedis } from '@parley/key-value';
import { migrations } from '@parley/migrations';
import {
  exposeBus,
  exposeDatabase,
  Metrics,
  runConfiguredService,
  type ConfigOf,
  type ServiceContext,
} from '@parley/service';
import { webpushConfig } from './config';
import { createWebpushApp } from './webpush-app';

const NAME = 'webpush';

async function start(
  config: ConfigOf<typeof webpushConfig>,
  { signal, logger, onStop }: ServiceContext,
): Promise<void> {
  const secretBox = SecretBox.fromText(config.parleyEncryptionKey);
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
  const keyValue = await connectRedis({ url: config.redisUrl, logger });
  onStop('key-value', () => keyValue.close());
  const metrics = new Metrics().collectProcess();
  exposeDatabase(metrics, database);
  exposeBus(metrics, bus);
  const app = createWebpushApp({ database, bus, keyValue, secretBox, logger, metrics, config });
  onStop('webpush', () => app.stop());
  await app.start({ host: config.host, port: config.port });
}

void runConfiguredService({ name: NAME, schema: webpushConfig, start });
