export {
  camelCaseOf,
  defineConfig,
  setting,
  type ConfigOf,
  type ConfigSchema,
  type Setting,
} from './config/define-config';
export { deploymentSettings } from './config/deployment-settings';
export { describeConfiguration, type ConfigDescription, type DescribedApp } from './config/describe';
export { ConfigError, type ConfigProblem } from './config/errors';
export { loadConfig, type LoadConfigOptions } from './config/load-config';
export {
  absoluteUrl,
  absoluteUrls,
  base64Key,
  decimalNumber,
  durationMs,
  listOf,
  oneOf,
  port,
  text,
  trueOrFalse,
  wholeNumber,
  type Range,
} from './config/values';
export { createLogger, LOG_LEVELS, type Logger, type LoggerOptions, type LogLevel } from './logging/logger';
export { NestLogger } from './logging/nest-logger';
export {
  runConfiguredService,
  type ConfiguredServiceOptions,
  type ServiceConfigSchema,
} from './process/run-configured-service';
export { boundHeapGrowth } from './process/heap-growth';
export { LISTEN_BACKLOG } from './process/listen-backlog';
export { openParts, type OpenPartsOptions, type ServiceParts } from './process/open-parts';
export { runService, type ServiceContext, type ServiceOptions } from './process/run-service';
export { processHost, type ServiceHost } from './process/service-host';
export { BusContext } from './bus-transport/bus-context';
export { BusExceptionFilter } from './bus-transport/bus-exception.filter';
export {
  BUS_TRANSPORT,
  BusTransportStrategy,
  type BusTransportOptions,
} from './bus-transport/bus-transport-strategy';
export { OverloadedError } from './bus-transport/concurrency-limit';
export { connectBus } from './bus-transport/connect-bus';
export { HealthModule } from './health/health.module';
export {
  Readiness,
  type ReadinessCheck,
  type ReadinessOptions,
  type ReadinessReport,
} from './health/readiness';
export { Metrics, type MetricOptions, type MetricsOptions } from './metrics/metrics';
export { MetricsModule } from './metrics/metrics.module';
export { exposeBus, exposeDatabase } from './metrics/expose-parts';
export { serveDebug, type DebugOptions } from './debug/serve-debug';
export { observabilitySettings } from './tracing/observability-settings';
export {
  startTracing,
  traceExporterOf,
  type TraceExporter,
  type Tracing,
  type TracingOptions,
} from './tracing/start-tracing';
export { parseTraceFile, type RecordedSpan } from './tracing/trace-file';
export { TRACEPARENT } from './tracing/traceparent';
export { tracedBus } from './tracing/traced-bus';
export { tracedDatabase, tracedStore, type TraceableStore } from './tracing/traced-store';
export {
  inSpan,
  NO_TRACER,
  type Span,
  type SpanAttributes,
  type SpanKind,
  type SpanOptions,
  type Tracer,
} from './tracing/tracer';
