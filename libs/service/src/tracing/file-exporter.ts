/**
 * Writes spans to a file in the OTLP JSON form, one export request a line, which the OpenTelemetry collector (`otlpjsonfile`) and most
 * viewers read. Source: https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
 *
 * Several processes may append to the same file: each line goes out in one write. What cannot be written is dropped, and told
 * to the SDK; the queue before it is bounded.
 */
import { appendFile } from 'node:fs/promises';
import type { Attributes, HrTime } from '@opentelemetry/api';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';

type Done = Parameters<SpanExporter['export']>[1];

const SUCCESS = 0;
const FAILURE = 1;

export class FileSpanExporter implements SpanExporter {
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly path: string) {}

  export(spans: ReadableSpan[], done: Done): void {
    const line = `${JSON.stringify(toExportRequest(spans))}\n`;
    this.writing = this.writing
      .then(() => appendFile(this.path, line))
      .then(
        () => done({ code: SUCCESS }),
        (error: unknown) =>
          done({ code: FAILURE, error: error instanceof Error ? error : new Error(String(error)) }),
      );
  }

  async forceFlush(): Promise<void> {
    await this.writing;
  }

  async shutdown(): Promise<void> {
    await this.writing;
  }
}

/** All spans of one exporter are of one service. */
function toExportRequest(spans: readonly ReadableSpan[]): object {
  const resource = { attributes: toAttributes(spans[0]?.resource.attributes ?? {}) };
  const scope = { name: spans[0]?.instrumentationScope.name ?? '' };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: spans.map(toSpan) }] }] };
}

function toSpan(span: ReadableSpan): object {
  const { traceId, spanId } = span.spanContext();
  return {
    traceId,
    spanId,
    ...(span.parentSpanContext !== undefined && { parentSpanId: span.parentSpanContext.spanId }),
    name: span.name,
    // The wire counts kinds from 1, the API from 0.
    kind: span.kind + 1,
    startTimeUnixNano: toNanos(span.startTime),
    endTimeUnixNano: toNanos(span.endTime),
    attributes: toAttributes(span.attributes),
    status: { code: span.status.code },
  };
}

/** Above 2^53, so as text. */
function toNanos([seconds, nanos]: HrTime): string {
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));
}

function toAttributes(attributes: Attributes): object[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [{ key, value: toValue(value) }],
  );
}

function toValue(value: NonNullable<Attributes[string]>): object {
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number')
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  return { stringValue: typeof value === 'string' ? value : JSON.stringify(value) };
}
