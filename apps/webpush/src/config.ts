/** The variables of webpush. */
import {
  absoluteUrl,
  defineConfig,
  deploymentSettings,
  durationMs,
  observabilitySettings,
  port,
  setting,
  text,
  trueOrFalse,
  type ConfigOf,
} from '@parley/service';

/** What says how notifications are sent, wherever webpush runs. */
export const webpushSettings = defineConfig({
  WEBPUSH_SUBJECT: setting({
    schema: absoluteUrl(['https', 'mailto']).describe('an https: or mailto: URL'),
    default: 'mailto:webpush@parley.invalid',
    unit: 'URL',
    reason:
      'Where the operators of push services (Mozilla, Google, Apple) can reach you when something is wrong with what you send; ' +
      'Apple refuses made-up ones',
  }),
  WEBPUSH_ALLOW_PRIVATE_ENDPOINTS: setting({
    schema: trueOrFalse(),
    default: false,
    unit: 'switch',
    reason:
      'Also send to addresses that are not on the public internet, and over plain http. Users choose the endpoints: only for development',
  }),
  WEBPUSH_SEND_TIMEOUT_MS: setting({
    schema: durationMs({ min: 100, max: 20_000 }),
    default: 10_000,
    unit: 'ms',
    reason: 'How long one push may take, from the name lookup to the end of the answer',
  }),
  WEBPUSH_MAX_AGE_MS: setting({
    schema: durationMs({ min: 1_000, max: 86_400_000 }),
    default: 3_600_000,
    unit: 'ms',
    reason: 'Turns that ended longer ago are not told any more, for example after an outage',
  }),
});

export type WebpushSettings = ConfigOf<typeof webpushSettings>;

const { DATABASE_URL, DATABASE_POOL_SIZE, NATS_URL, REDIS_URL, LOG_LEVEL, METRICS_TOKEN, BUS_VALIDATION } =
  deploymentSettings;

const PARLEY_ENCRYPTION_KEY = setting({
  schema: text(),
  example: 'the output of: openssl rand -base64 32',
  unit: 'key',
  reason: 'Seals the private half of the VAPID key; several separated by commas, the first one seals',
  isSecret: true,
});

/** What the process of its own needs beside that. */
export const webpushConfig = defineConfig({
  ...webpushSettings,
  DATABASE_URL,
  DATABASE_POOL_SIZE,
  NATS_URL,
  REDIS_URL,
  PARLEY_ENCRYPTION_KEY,
  HOST: setting({
    schema: text(),
    default: '0.0.0.0',
    unit: 'address',
    reason: 'The address the service listens on',
  }),
  PORT: setting({ schema: port(), default: 3003, unit: 'port', reason: 'The port of health and metrics' }),
  LOG_LEVEL,
  METRICS_TOKEN,
  BUS_VALIDATION,
  ...observabilitySettings,
});

/** What the command that replaces the VAPID key needs. */
export const replaceKeyConfig = defineConfig({ DATABASE_URL, NATS_URL, PARLEY_ENCRYPTION_KEY, LOG_LEVEL });
