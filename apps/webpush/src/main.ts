/** Webpush as a process of its own. */
import 'reflect-metadata';
import { SecretBox } from '@parley/identity';
import { connectRedis } from '@parley/key-value';
import { migrations } from '@parley/migrations';
import {
  exposeBus,
  exposeDatabase,
  openParts,
  runConfiguredService,
  type ConfigOf,
  type ServiceContext,
} from '@parley/service';
import { webpushConfig } from './config';
import { createWebpushApp } from './webpush-app';

const NAME = 'webpush';

async function start(config: ConfigOf<typeof webpushConfig>, context: ServiceContext): Promise<void> {
  const { logger, onStop } = context;
  const secretBox = SecretBox.fromText(config.parleyEncryptionKey);
  const opened = await openParts({ name: NAME, migrations, config, tracing: config }, context);
  const { database, bus, metrics, tracer } = opened;
  const keyValue = await connectRedis({ url: config.redisUrl, logger });
  onStop('key-value', () => keyValue.close());
  exposeDatabase(metrics, database);
  exposeBus(metrics, bus);
  const own = { tracer, isDebuggable: config.debugEndpoints };
  const app = createWebpushApp({ database, bus, keyValue, secretBox, logger, metrics, config, ...own });
  onStop('webpush', () => app.stop());
  await app.start({ host: config.host, port: config.port });
}

void runConfiguredService({ name: NAME, schema: webpushConfig, start });
