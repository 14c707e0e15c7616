/**
 * Logs are JSON lines on stdout, one event each, so that whatever collects them can search the fields. Names that carry
 * credentials are removed wherever they appear at the first two levels.
 *
 * Of an error only fields that cannot quote content are written: Postgres' `detail` shows whole rows, a provider's repeats prompts.
 */
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import { sourceStack } from './source-stack';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'password',
  'token',
  'secret',
  'api_key',
  'apiKey',
  'session_token',
];

export interface LoggerOptions {
  /** The service, in every line as `name`. */
  readonly name: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default stdout. */
  readonly destination?: DestinationStream;
}

export function createLogger({ name, level = 'info', destination }: LoggerOptions): Logger {
  const options = {
    name,
    level,
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: (error: unknown) => toLoggedError(error) },
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.headers.${field}`]),
      censor: '(secret)',
    },
  };
  return destination ? pino(options, destination) : pino(options);
}

const ERROR_FIELDS = [
  'code',
  'kind',
  'severity',
  'constraint',
  'table',
  'statusCode',
  'provider',
  'retryable',
] as const;
const MAX_CAUSES = 3;

function toLoggedError(error: unknown, causes = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const fields = new Map(Object.entries(error));
  return {
    type: error.name,
    message: error.message,
    stack: error.stack && sourceStack(error.stack),
    ...Object.fromEntries(
      ERROR_FIELDS.flatMap((name) => (fields.has(name) ? [[name, fields.get(name)]] : [])),
    ),
    ...(error.cause !== undefined &&
      causes < MAX_CAUSES && { cause: toLoggedError(error.cause, causes + 1) }),
  };
}
