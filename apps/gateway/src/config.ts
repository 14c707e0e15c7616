/** What the gateway reads from the environment. */
import {
  absoluteUrl,
  absoluteUrls,
  defineConfig,
  durationMs,
  LOG_LEVELS,
  oneOf,
  port,
  setting,
  text,
  trueOrFalse,
  wholeNumber,
  type ConfigOf,
} from '@parley/service';

export const gatewayConfig = defineConfig({
  HOST: setting({ schema: text(), default: '0.0.0.0', unit: 'address', reason: 'The address it listens on' }),
  PORT: setting({ schema: port(), default: 3000, unit: 'port', reason: 'The port it listens on' }),
  DATABASE_URL: setting({
    schema: absoluteUrl(['postgres', 'postgresql']),
    example: 'postgres://parley:parley@localhost:5432/parley',
    unit: 'URL',
    reason: 'The Postgres that holds the truth',
    isSecret: true,
  }),
  DATABASE_POOL_SIZE: setting({
    schema: wholeNumber({ min: 2, max: 1000 }),
    default: 10,
    unit: 'connections',
    reason: 'Connections to Postgres that one process may hold',
  }),
  NATS_URL: setting({
    schema: absoluteUrls(['nats', 'tls']),
    example: 'nats://localhost:4222',
    unit: 'URL',
    reason: 'The bus between the services',
    isSecret: true,
  }),
  REDIS_URL: setting({
    schema: absoluteUrl(['redis', 'rediss']),
    example: 'redis://localhost:6379',
    unit: 'URL',
    reason: 'The shared store of rate limits and short-lived keys',
    isSecret: true,
  }),
  RELAY_URLS: setting({
    schema: absoluteUrls(['http', 'https']),
    example: 'http://localhost:3001',
    unit: 'URLs',
    reason: 'The stream relays, when no ingress sends the stream paths to them; taken in turn',
  }),
  PARLEY_ENCRYPTION_KEY: setting({
    schema: text(),
    example: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
    unit: 'key',
    reason:
      'Encrypts the API keys of model providers: 32 bytes in base64 ("openssl rand -base64 32"). Several, separated by commas, ' +
      'for a rotation: the first one encrypts, all of them decrypt',
    isSecret: true,
  }),
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
  LOG_LEVEL: setting({
    schema: oneOf(LOG_LEVELS),
    default: 'info',
    unit: 'level',
    reason: 'How much is logged',
  }),
});

export type GatewayConfig = ConfigOf<typeof gatewayConfig>;
