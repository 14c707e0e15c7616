/** What a local Parley reads from the environment, in one process and as a cluster. */
import {
  absoluteUrl,
  defineConfig,
  LOG_LEVELS,
  observabilitySettings,
  oneOf,
  port,
  setting,
  text,
} from '@parley/service';

export const localConfig = defineConfig({
  PORT: setting({ schema: port(), default: 3000, unit: 'port', reason: 'Where Parley answers, on loopback' }),
  PARLEY_DATA_DIR: setting({
    schema: text(),
    default: '.parley',
    unit: 'path',
    reason: 'Chats, keys and credentials are kept here between two starts',
  }),
  DATABASE_URL: setting({
    schema: absoluteUrl(['postgres', 'postgresql']),
    default: undefined,
    unit: 'URL',
    reason: 'A Postgres to use in place of an own one',
    isSecret: true,
  }),
  OPENAI_API_KEY: setting({
    schema: text(),
    default: undefined,
    unit: 'key',
    reason: 'Answers come from OpenAI when it is set',
    isSecret: true,
  }),
  OPENAI_MODEL: setting({
    schema: text(),
    default: 'gpt-5-mini',
    unit: 'model',
    reason: 'The model used with OPENAI_API_KEY',
  }),
  ANTHROPIC_API_KEY: setting({
    schema: text(),
    default: undefined,
    unit: 'key',
    reason: 'Answers come from Anthropic when it is set',
    isSecret: true,
  }),
  ANTHROPIC_MODEL: setting({
    schema: text(),
    default: 'claude-sonnet-4-5',
    unit: 'model',
    reason: 'The model used with ANTHROPIC_API_KEY',
  }),
  LOG_LEVEL: setting({
    schema: oneOf(LOG_LEVELS),
    default: 'warn',
    unit: 'level',
    reason: 'How much is logged, on stderr',
  }),
  ...observabilitySettings,
});

/** What only the cluster reads. */
export const clusterConfig = defineConfig({
  ...localConfig,
  NATS_URL: setting({
    schema: absoluteUrl(['nats', 'tls']),
    default: undefined,
    unit: 'URL',
    reason: 'A NATS to use in place of an own one',
    isSecret: true,
  }),
  REDIS_URL: setting({
    schema: absoluteUrl(['redis', 'rediss']),
    default: undefined,
    unit: 'URL',
    reason: 'A Redis to use in place of an own one',
    isSecret: true,
  }),
});
