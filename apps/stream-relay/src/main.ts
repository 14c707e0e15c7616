/** The stream relay as a process of its own. */
import 'reflect-metadata';
import { connectNats } from '@parley/bus';
import { assertSchemaIsCurrent, Database } from '@parley/database';
import { Identity } from '@parley/identity';
import { migrations } from '@parley/migrations';
import {
  Metrics,
  runConfiguredService,
  type ConfigOf,
  type ServiceContext,
  startTracing,
  traceExporterOf,
} from '@parley/service';
import { streamRelayConfig } from './config';
import { createStreamRelay } from './stream-relay-app';

const NAME = 'stream-relay';

async function start(
  config: ConfigOf<typeof streamRelayConfig>,
  { signal, logger, onStop }: ServiceContext,
): Promise<void> {
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
  const identity = new Identity({ database, bus });
  const metrics = new Metrics().collectProcess();
  const own = { tracer: tracing.tracer, isDebuggable: config.debugEndpoints };
  const app = createStreamRelay({ database, bus, identity, logger, metrics, config, ...own });
  onStop('relay', () => app.stop());
  await app.start({ host: config.host, port: config.port });
  logger.info({ url: await app.url() }, 'Relays streams');
}

void runConfiguredService({ name: NAME, schema: streamRelayConfig, start });
