/**
 * The tracer on OpenTelemetry's SDK. Each has a provider and an async context of its own, none is registered globally: standalone and
 * tests run several services in one process, and each exports its own spans.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import {
  ROOT_CONTEXT,
  SpanKind as OtelSpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span as OtelSpan,
  type Tracer as OtelTracerApi,
} from '@opentelemetry/api';
import { formatTraceparent, parseTraceparent } from './traceparent';
import type { Span, SpanAttributes, SpanKind, SpanOptions, Tracer } from './tracer';

const KINDS: Readonly<Record<SpanKind, OtelSpanKind>> = {
  internal: OtelSpanKind.INTERNAL,
  server: OtelSpanKind.SERVER,
  client: OtelSpanKind.CLIENT,
  producer: OtelSpanKind.PRODUCER,
  consumer: OtelSpanKind.CONSUMER,
};

export class OtelTracer implements Tracer {
  readonly isOn = true;
  private readonly presentSpan = new AsyncLocalStorage<string | undefined>();

  constructor(private readonly tracer: OtelTracerApi) {}

  start(name: string, options: SpanOptions = {}): Span {
    const { kind = 'internal', attributes, parent = this.present(), startedAt } = options;
    const span = this.tracer.startSpan(
      name,
      {
        kind: KINDS[kind],
        ...(attributes !== undefined && { attributes: { ...attributes } }),
        ...(startedAt !== undefined && { startTime: startedAt }),
      },
      contextOf(parent),
    );
    return new TracedSpan(span);
  }

  within<T>(parent: Span | null, work: () => T): T {
    return this.presentSpan.run(parent?.traceparent, work);
  }

  present(): string | undefined {
    return this.presentSpan.getStore();
  }
}

function contextOf(parent: string | null | undefined): Context {
  const known = typeof parent === 'string' ? parseTraceparent(parent) : undefined;
  return known === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, known);
}

class TracedSpan implements Span {
  readonly traceparent: string;

  constructor(private readonly span: OtelSpan) {
    this.traceparent = formatTraceparent(span.spanContext());
  }

  set(attributes: SpanAttributes): void {
    this.span.setAttributes({ ...attributes });
  }

  fail(error: unknown): void {
    this.span.setStatus({ code: SpanStatusCode.ERROR });
    if (error instanceof Error) this.span.setAttribute('error.type', error.name);
    if (error instanceof Error && 'code' in error && typeof error.code === 'string')
      this.span.setAttribute('error.code', error.code);
  }

  end(endedAt?: number): void {
    this.span.end(endedAt);
  }
}
