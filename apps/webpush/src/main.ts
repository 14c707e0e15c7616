/** Webpush as a process of its own. */
import 'reflect-metadata';
import { connectNats } from '@parley/bus';
import { assertSchemaIsCurrent, Database } from '@parley/database';
import { SecretBox } from '@parley/identity';
import { connectRedis } from '@parley/key-value';
import { migrations } from '@parley/migrations';
import {
  createLogger,
  exposeBus,
  exposeDatabase,
  loadConfig,
  Metrics,
  runService,
  type ServiceContext,
} from '@parley/service';
import { webpushConfig } from './config';
import { createWebpushApp } from './webpush-app';

const NAME = 'webpush';

async function start({ signal, onStop, logger: bootLogger }: ServiceContext): Promise<void> {
  const config = loadConfig(webpushConfig, { warn: (message) => bootLogger.warn(message) });
  const logger = createLogger({ name: NAME, level: config.logLevel });
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

void runService({ name: NAME, start });
