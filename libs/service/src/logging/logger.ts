/**
 * Logs are JSON lines on stdout, one event each, so that whatever collects them can search the fields. Names that carry
 * credentials are removed wherever they appear at the first two levels.
 */
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';

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
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.headers.${field}`]),
      censor: '(secret)',
    },
  };
  return destination ? pino(options, destination) : pino(options);
}
