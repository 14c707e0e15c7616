/** Reads a trace file of OTLP JSON lines, as `file-exporter.ts` writes it. */
export interface RecordedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  /** Milliseconds since the epoch, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: ReadonlyMap<string, string | number>;
}

interface Attribute {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: string;
    readonly doubleValue?: number;
  };
}

interface ExportedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
}

interface ExportRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly ExportedSpan[] }[];
  }[];
}

/** The spans of all services that wrote to the file. @throws SyntaxError for a file that is none */
export function parseTraceFile(text: string): RecordedSpan[] {
  const requests = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ExportRequest);
  return requests.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }) => {
      const service = String(toMap(resource.attributes).get('service.name'));
      return scopeSpans.flatMap(({ spans }) => spans.map((span) => toRecorded(service, span)));
    }),
  );
}

function toRecorded(service: string, span: ExportedSpan): RecordedSpan {
  const { traceId, spanId, parentSpanId, name, startTimeUnixNano, endTimeUnixNano } = span;
  const startMs = toMs(startTimeUnixNano);
  return {
    service,
    traceId,
    spanId,
    parentSpanId,
    name,
    startMs,
    endMs: toMs(endTimeUnixNano),
    attributes: toMap(span.attributes),
  };
}

/** Whole milliseconds and the rest apart: nanoseconds since the epoch do not fit a number. */
function toMs(nanos: string): number {
  return Number(BigInt(nanos) / 1_000_000n) + Number(BigInt(nanos) % 1_000_000n) / 1e6;
}

function toMap(attributes: readonly Attribute[]): ReadonlyMap<string, string | number> {
  return new Map(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.doubleValue ?? Number(value.intValue),
    ]),
  );
}
