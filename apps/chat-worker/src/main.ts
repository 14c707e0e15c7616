/** The chat worker as a process of its own. */
import { connectNats } from '@parley/bus';
import { assertSchemaIsCurrent, Database } from '@parley/database';
import { SecretBox } from '@parley/identity';
import { migrations } from '@parley/migrations';
import {
  Metrics,
  runConfiguredService,
  type ConfigOf,
  type ServiceContext,
  startTracing,
  traceExporterOf,
} from '@parley/service';
import { createChatWorkerApp } from './chat-worker-app';
import { chatWorkerConfig } from './config';

const NAME = 'chat-worker';
/** What handing over and closing the connections may take beyond the steps under way. */
const STOP_MARGIN_MS = 15_000;

async function start(
  config: ConfigOf<typeof chatWorkerConfig>,
  { signal, logger, onStop }: ServiceContext,
): Promise<void> {
  const secretBox = SecretBox.fromText(config.parleyEncryptionKey);
  const tracing = startTracing({
    serviceName: NAME,
    exporter: traceExporterOf(config),
    sample: config.parleyTraceSample,
  });
  onStop('tracing', () => tracing.stop());
  const database = await Database.open({
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    applicationName: `parley-${NAME}`,
    onIdleError: (error) => logger.warn({ err: error }, 'An idle connection to Postgres broke'),
  });
  onStop('database', () => database.close());
  await assertSchemaIsCurrent(database, migrations);
  const { natsUrl: url, busValidation: validate } = config;
  const bus = await connectNats({ url, name: NAME, logger, validate, signal });
  onStop('bus', () => bus.drain());
  const metrics = new Metrics().collectProcess();
  const own = { tracer: tracing.tracer, isDebuggable: config.debugEndpoints };
  const app = createChatWorkerApp({ database, bus, secretBox, logger, metrics, config, ...own });
  onStop('worker', () => app.stop());
  await app.start({ host: config.host, port: config.port });
}

void runConfiguredService({
  name: NAME,
  schema: chatWorkerConfig,
  start,
  stopTimeoutMs: (config) => config.shutdownGraceMs + STOP_MARGIN_MS,
});
