/** What the gateway reads from the environment. */
import {
  absoluteUrls,
  defineConfig,
  deploymentSettings,
  durationMs,
  port,
  setting,
  text,
  trueOrFalse,
  wholeNumber,
  type ConfigOf,
  observabilitySettings,
} from '@parley/service';

export const gatewayConfig = defineConfig({
  HOST: setting({ schema: text(), default: '0.0.0.0', unit: 'address', reason: 'The address it listens on' }),
  PORT: setting({ schema: port(), default: 3000, unit: 'port', reason: 'The port it listens on' }),
  DATABASE_URL: deploymentSettings.DATABASE_URL,
  DATABASE_POOL_SIZE: deploymentSettings.DATABASE_POOL_SIZE,
  DATABASE_CONNECT_TIMEOUT_MS: setting({
    schema: durationMs({ min: 100, max: 600_000 }),
    default: 30_000,
    unit: 'ms',
    reason:
      'How long a request may wait for a connection to Postgres before it is refused with 503: a burst waits its turn, also on a ' +
      'small pool',
  }),
  NATS_URL: deploymentSettings.NATS_URL,
  REDIS_URL: deploymentSettings.REDIS_URL,
  RELAY_URLS: setting({
    schema: absoluteUrls(['http', 'https']),
    example: 'http://localhost:3001',
    unit: 'URLs',
    reason: 'The stream relays, when no ingress sends the stream paths to them; taken in turn',
  }),
  PARLEY_ENCRYPTION_KEY: deploymentSettings.PARLEY_ENCRYPTION_KEY,
  API_RATE_LIMIT: setting({
    schema: wholeNumber({ min: 0, max: 10_000_000 }),
    default: 0,
    unit: 'requests per minute',
    reason: 'What one user may ask for; 0 sets no limit',
  }),
  LOGIN_RATE_LIMIT: setting({
    schema: wholeNumber({ min: 0, max: 1_000_000 }),
    default: 60,
    unit: 'requests per minute',
    reason: 'Logins that one address may try; 0 sets no limit',
  }),
  TRUST_PROXY: setting({
    schema: trueOrFalse(),
    default: false,
    unit: 'flag',
    reason: 'Believe X-Forwarded-For and its kin; only behind a proxy that sets them',
  }),
  GITHUB_WEBHOOK_SECRET: setting({
    schema: text(),
    default: undefined,
    unit: 'secret',
    reason:
      'What GitHub signs its webhooks with, at /api/v2/webhooks/github; without it they are refused, and gitsync polls',
    isSecret: true,
  }),
  SHUTDOWN_GRACE_MS: setting({
    schema: durationMs({ min: 0, max: 600_000 }),
    default: 10_000,
    unit: 'ms',
    reason: 'How long requests in flight may take to finish when it stops',
  }),
  BUS_VALIDATION: deploymentSettings.BUS_VALIDATION,
  LOG_LEVEL: deploymentSettings.LOG_LEVEL,
  METRICS_TOKEN: deploymentSettings.METRICS_TOKEN,
  ...observabilitySettings,
});

export type GatewayConfig = ConfigOf<typeof gatewayConfig>;
