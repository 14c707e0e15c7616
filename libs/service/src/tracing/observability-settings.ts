/** How a service lets itself be looked into. Each service takes these into its schema. */
import { setting } from '../config/define-config';
import { absoluteUrl, decimalNumber, text, trueOrFalse } from '../config/values';

export const observabilitySettings = {
  PARLEY_TRACE_SAMPLE: setting({
    schema: decimalNumber({ min: 0, max: 1 }),
    default: 0,
    unit: 'share',
    reason:
      'The share of requests whose way is traced through all services; 0 turns tracing off, and costs nothing',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: setting({
    schema: absoluteUrl(['http', 'https']),
    default: undefined,
    unit: 'URL',
    reason: 'Where traces go: an OpenTelemetry collector that takes OTLP over HTTP, without /v1/traces',
  }),
  PARLEY_TRACE_FILE: setting({
    schema: text(),
    default: undefined,
    unit: 'path',
    reason: 'Write traces to this file as OTLP JSON lines, in place of a collector; it grows without limit',
  }),
  DEBUG_ENDPOINTS: setting({
    schema: trueOrFalse(),
    default: false,
    unit: 'switch',
    reason:
      'Serve CPU profiles and heap snapshots under /debug to callers on this machine; never behind a proxy that runs beside it',
  }),
} as const;
