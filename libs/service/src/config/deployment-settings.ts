/**
 * What the services of one deployment have in common, so that they mean the same by the same name. An app takes those it reads
 * into its own schema.
 */
import { LOG_LEVELS } from '../logging/logger';
import { setting } from './define-config';
import { absoluteUrl, absoluteUrls, oneOf, text, trueOrFalse, wholeNumber } from './values';

export const deploymentSettings = {
  LOG_LEVEL: setting({
    schema: oneOf(LOG_LEVELS),
    default: 'info',
    unit: 'level',
    reason: 'The least important log lines that are written',
  }),
  DATABASE_URL: setting({
    schema: absoluteUrl(['postgres', 'postgresql']),
    example: 'postgres://parley:password@localhost:5432/parley',
    unit: 'URL',
    reason: 'The Postgres that holds the truth',
    isSecret: true,
  }),
  DATABASE_POOL_SIZE: setting({
    schema: wholeNumber({ min: 2, max: 1_000 }),
    default: 10,
    unit: 'connections',
    reason: 'The most connections one process opens to Postgres; everything works with 2',
  }),
  NATS_URL: setting({
    schema: absoluteUrls(['nats', 'tls']),
    example: 'nats://localhost:4222',
    unit: 'URL',
    reason: 'The NATS servers, with JetStream, that carry messages between the processes',
    isSecret: true,
  }),
  REDIS_URL: setting({
    schema: absoluteUrl(['redis', 'rediss']),
    example: 'redis://localhost:6379',
    unit: 'URL',
    reason: 'The Redis for rate limits and short-lived shared keys',
    isSecret: true,
  }),
  PARLEY_ENCRYPTION_KEY: setting({
    schema: text(),
    example: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
    unit: 'key',
    reason:
      'Encrypts stored secrets, such as the API keys of model providers: 32 bytes in base64 ("openssl rand -base64 32"). ' +
      'Several, separated by commas, for a rotation: the first one encrypts, all of them decrypt',
    isSecret: true,
  }),
  METRICS_TOKEN: setting({
    schema: text(),
    default: undefined,
    unit: 'token',
    reason:
      'What a scraper of /metrics has to send as "Authorization: Bearer …"; without it /metrics is open to whoever reaches the port',
    isSecret: true,
  }),
  BUS_VALIDATION: setting({
    schema: trueOrFalse(),
    default: false,
    unit: 'switch',
    reason:
      'Check every message on the bus against its shape; costs CPU, and is meant for development and tests',
  }),
} as const;
