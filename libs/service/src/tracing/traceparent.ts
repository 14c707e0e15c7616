/** The W3C header that carries a trace from process to process. Source: https://www.w3.org/TR/trace-context/#traceparent-header */
import { isSpanContextValid, type SpanContext } from '@opentelemetry/api';

export const TRACEPARENT = 'traceparent';

/** Later versions may append fields, which are left alone; version ff is forbidden. */
const FORM = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

/** Undefined when it is not well-formed: a trace then begins anew, as the standard has it. */
export function parseTraceparent(header: string): SpanContext | undefined {
  const match = FORM.exec(header);
  if (match === null) return undefined;
  const [, traceId = '', spanId = '', flags = '00'] = match;
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(context) ? context : undefined;
}

export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags & 1) === 1 ? '01' : '00'}`;
}
