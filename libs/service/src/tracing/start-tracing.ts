/**
 * Turns tracing on, or leaves it off: without a share of traces to take there is no provider, no context and no header, and
 * OpenTelemetry's SDK is not even loaded (it takes some 6 MB).
 *
 * Whether a trace is taken is decided where it begins; whoever continues one obeys its flag. Spans wait in a bounded queue; when it is
 * full they are dropped, and the service goes on.
 */
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import { FileSpanExporter } from './file-exporter';
import { OtelTracer } from './otel-tracer';
import { NO_TRACER, type Tracer } from './tracer';

export type TraceExporter =
  /** `endpoint`: the base address of a collector, without `/v1/traces`. */
  | { readonly type: 'otlp'; readonly endpoint: string }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'none' };

type ActiveTraceExporter = Exclude<TraceExporter, { readonly type: 'none' }>;

export interface TracingOptions {
  readonly serviceName: string;
  readonly exporter: TraceExporter;
  /** The share of new traces that is taken, 0 to 1. */
  readonly sample: number;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what waits, and ends. Never rejects: a collector that is away does not fail a stop. */
  stop(): Promise<void>;
}

const MAX_WAITING_SPANS = 8_192;
const EXPORT_INTERVAL_MS = 1_000;
const EXPORT_TIMEOUT_MS = 5_000;

export async function startTracing({ serviceName, exporter, sample }: TracingOptions): Promise<Tracing> {
  if (sample <= 0 || exporter.type === 'none') return { tracer: NO_TRACER, stop: () => Promise.resolve() };
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const { BatchSpanProcessor, ParentBasedSampler, TraceIdRatioBasedSampler, TracerProvider } =
    await import('@opentelemetry/sdk-trace');
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': `parley-${serviceName}` }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sample) }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: await createExporter(exporter),
        maxQueueSize: MAX_WAITING_SPANS,
        scheduledDelayMillis: EXPORT_INTERVAL_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  return {
    tracer: new OtelTracer(provider.getTracer('parley')),
    stop: () => provider.shutdown().catch(() => undefined),
  };
}

async function createExporter(exporter: ActiveTraceExporter): Promise<SpanExporter> {
  switch (exporter.type) {
    case 'otlp': {
      const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
      return new OTLPTraceExporter({ url: `${exporter.endpoint.replace(/\/+$/, '')}/v1/traces` });
    }
    case 'file':
      return new FileSpanExporter(exporter.path);
  }
}

/** What the settings ask for: a file wins over a collector. */
export function traceExporterOf(settings: {
  readonly parleyTraceFile: string | undefined;
  readonly otelExporterOtlpEndpoint: string | undefined;
}): TraceExporter {
  const { parleyTraceFile: path, otelExporterOtlpEndpoint: endpoint } = settings;
  if (path !== undefined) return { type: 'file', path };
  return endpoint === undefined ? { type: 'none' } : { type: 'otlp', endpoint };
}
