/**
 * What the services know of tracing: spans, and which of them is the present one. Made of nothing but W3C trace contexts, so that neither
 * domain code nor apps see OpenTelemetry; otel-tracer.ts is the one implementation.
 *
 * The present span follows the async flow that `within` begins. Work that outlives the message which began it (a runner, say) keeps the
 * `traceparent` and names it as the parent later. Spans carry ids, names, counts and times, never content of messages.
 *
 * Off is `NO_TRACER`: those who wrap something (traced-bus.ts, traced-store.ts) give it back unwrapped, others ask `isOn`.
 */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export interface SpanOptions {
  /** Default `internal`. */
  readonly kind?: SpanKind;
  readonly attributes?: SpanAttributes;
  /** A W3C `traceparent`. Absent: the present span. Null, or not well-formed: the span begins a trace of its own. */
  readonly parent?: string | null | undefined;
  /** Milliseconds since the epoch, fractions included; default now. */
  readonly startedAt?: number;
}

export interface Span {
  /** The W3C `traceparent` of its children. */
  readonly traceparent: string;
  set(attributes: SpanAttributes): void;
  /** Marks it as failed; of an error only its class and `code` are told, for messages may quote content. */
  fail(error: unknown): void;
  /** `endedAt`: milliseconds since the epoch; default now. */
  end(endedAt?: number): void;
}

export interface Tracer {
  readonly isOn: boolean;
  start(name: string, options?: SpanOptions): Span;
  /** Runs `work` with `parent` as the present span; null: with none. */
  within<T>(parent: Span | null, work: () => T): T;
  /** The `traceparent` of the present span. */
  present(): string | undefined;
}

const NO_SPAN: Span = {
  traceparent: '',
  set: () => undefined,
  fail: () => undefined,
  end: () => undefined,
};

export const NO_TRACER: Tracer = {
  isOn: false,
  start: () => NO_SPAN,
  within: (_parent, work) => work(),
  present: () => undefined,
};

/** Runs `work` in a span of its own, which ends with it. */
export async function inSpan<T>(
  tracer: Tracer,
  { name, ...options }: SpanOptions & { readonly name: string },
  work: (span: Span) => T | Promise<T>,
): Promise<T> {
  const span = tracer.start(name, options);
  try {
    return await tracer.within(span, () => work(span));
  } catch (error) {
    span.fail(error);
    throw error;
  } finally {
    span.end();
  }
}
