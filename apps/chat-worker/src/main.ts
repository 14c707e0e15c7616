/** The chat worker as a process of its own. */
import { connectNats } from '@parley/bus';
import { assertSchemaIsCurrent, Database } from '@parley/database';
import { SecretBox } from '@parley/identity';
import { migrations } from '@parley/migrations';
import { createLogger, loadConfig, Metrics, runService, type ServiceContext } from '@parley/service';
import { createChatWorkerApp } from './chat-worker-app';
import { chatWorkerConfig } from './config';

const NAME = 'chat-worker';

async function start({ onStop, logger: bootLogger }: ServiceContext): Promise<void> {
  const config = loadConfig(chatWorkerConfig, { warn: (message) => bootLogger.warn(message) });
  const logger = createLogger({ name: NAME, level: config.logLevel });
  const database = await Database.open({
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    applicationName: `parley-${NAME}`,
    onIdleError: (error) => logger.warn({ err: error }, 'An idle connection to Postgres broke'),
  });
  onStop('database', () => database.close());
  await assertSchemaIsCurrent(database, migrations);
  const bus = await connectNats({ url: config.natsUrl, name: NAME, logger });
  onStop('bus', () => bus.drain());
  const secretBox = SecretBox.fromText(config.parleyEncryptionKey);
  const metrics = new Metrics().collectProcess();
  const app = createChatWorkerApp({ database, bus, secretBox, logger, metrics, config });
  onStop('worker', () => app.stop());
  await app.start({ host: config.host, port: config.port });
}

void runService({ name: NAME, start });
