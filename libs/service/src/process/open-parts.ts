/**
 * What every service opens before its own parts, and closes after them: tracing, Postgres with the schema of this build, the bus, and
 * the metrics of the process. What is open is closed at the stop, also when what comes after it fails.
 */
import { connectNats, type Bus } from '@parley/bus';
import { assertSchemaIsCurrent, Database, type MigrationClass } from '@parley/database';
import type { ConfigOf } from '../config/define-config';
import type { deploymentSettings } from '../config/deployment-settings';
import { Metrics } from '../metrics/metrics';
import type { observabilitySettings } from '../tracing/observability-settings';
import { startTracing, traceExporterOf } from '../tracing/start-tracing';
import { NO_TRACER, type Tracer } from '../tracing/tracer';
import type { ServiceContext } from './run-service';

type DeploymentConfig = ConfigOf<typeof deploymentSettings>;

export interface OpenPartsOptions {
  readonly name: string;
  /** Those of this build: a database that has others is refused. */
  readonly migrations: readonly MigrationClass[];
  readonly config: Pick<
    DeploymentConfig,
    'databaseUrl' | 'databasePoolSize' | 'natsUrl' | 'busValidation' | 'metricsToken'
  >;
  /** Default: not traced. */
  readonly tracing?: ConfigOf<typeof observabilitySettings>;
  /** How long one attempt to connect to Postgres may take. */
  readonly connectTimeoutMs?: number;
}

export interface ServiceParts {
  readonly database: Database;
  readonly bus: Bus;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

/** Throws when Postgres is away or has another schema, or the signal aborts before NATS is there. */
export async function openParts(
  { name, migrations, config, tracing, connectTimeoutMs }: OpenPartsOptions,
  { signal, logger, onStop }: ServiceContext,
): Promise<ServiceParts> {
  const tracer = tracing === undefined ? NO_TRACER : await openTracer(name, tracing, onStop);
  const database = await Database.open({
    url: config.databaseUrl,
    poolSize: config.databasePoolSize,
    applicationName: `parley-${name}`,
    ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
    onIdleError: (error) => logger.warn({ err: error }, 'An idle connection to Postgres broke'),
  });
  onStop('database', () => database.close());
  await assertSchemaIsCurrent(database, migrations);
  const { natsUrl: url, busValidation: validate } = config;
  const bus = await connectNats({ url, name, logger, validate, signal });
  onStop('bus', () => bus.drain());
  const metrics = new Metrics({ token: config.metricsToken }).collectProcess();
  return { database, bus, metrics, tracer };
}

async function openTracer(
  serviceName: string,
  config: ConfigOf<typeof observabilitySettings>,
  onStop: ServiceContext['onStop'],
): Promise<Tracer> {
  const exporter = traceExporterOf(config);
  const tracing = await startTracing({ serviceName, exporter, sample: config.parleyTraceSample });
  onStop('tracing', () => tracing.stop());
  return tracing.tracer;
}
