/** The variables of the chat worker. */
import {
  defineConfig,
  deploymentSettings,
  durationMs,
  oneOf,
  port,
  setting,
  text,
  trueOrFalse,
  wholeNumber,
  observabilitySettings,
} from '@parley/service';
import { TURN_LABELS } from './auxiliary/turn-labels';

export const MIN_LEASE_MS = 1_500;

/** What limits a worker, wherever it runs. */
export const workerConfig = defineConfig({
  CHAT_ACQUIRE_BATCH_SIZE: setting({
    schema: wholeNumber({ min: 1, max: 1_000 }),
    default: 10,
    unit: 'chats',
    reason: 'Runnable chats a worker takes with one statement of its sweep',
  }),
  CHAT_SWEEP_MS: setting({
    schema: durationMs({ min: 50, max: 60_000 }),
    default: 1_000,
    unit: 'ms',
    reason: 'Time between two sweeps, jittered by a quarter: what a lost wake-up costs at most',
  }),
  CHAT_IDLE_OWNERSHIP_MS: setting({
    schema: durationMs({ min: 0, max: 240_000 }),
    default: 30_000,
    unit: 'ms',
    reason: 'How long a worker keeps a chat after its turn, so that a follow-up needs no acquire and no read',
  }),
  WORKER_MAX_CHATS: setting({
    schema: wholeNumber({ min: 1, max: 100_000 }),
    default: 5_000,
    unit: 'turns',
    reason: 'Turns a worker runs at once; a full worker declines, and the chat stays runnable',
  }),
  WORKER_MAX_IDLE_CHATS: setting({
    schema: wholeNumber({ min: 0, max: 1_000_000 }),
    default: 10_000,
    unit: 'chats',
    reason: 'Chats a worker keeps between turns; the longest resting ones go first',
  }),
  WORKER_LEASE_MS: setting({
    schema: durationMs({ min: MIN_LEASE_MS, max: 60_000 }),
    default: 6_000,
    unit: 'ms',
    reason:
      "How long after its last heartbeat a dead worker's chats may be taken; it renews six times as often",
  }),
  WORKER_TRANSCRIPT_CACHE_BYTES: setting({
    schema: wholeNumber({ min: 1_024, max: 68_719_476_736 }),
    default: 268_435_456,
    unit: 'bytes',
    reason: 'Memory for the histories of owned chats',
  }),
  WORKER_MAX_AUXILIARY_CALLS: setting({
    schema: wholeNumber({ min: 1, max: 10_000 }),
    default: 16,
    unit: 'calls',
    reason:
      'Calls of models beside the turns that a worker makes at once: so many for titles, and so many for labels and summaries',
  }),
  CHAT_TURN_LABELS: setting({
    schema: oneOf(TURN_LABELS),
    default: 'all',
    unit: 'whose turns',
    reason:
      'Which turns get a label of a few words when they end, at one short call of a model and two statements each: ' +
      'all, only those of owners who take notifications (notified), or none',
  }),
  CHAT_TITLES: setting({
    schema: trueOrFalse(),
    default: true,
    unit: 'flag',
    reason:
      'Generate the title of a new chat, at one short call of a model and two statements; without it a title is the beginning of its first message',
  }),
  CHAT_SUMMARIES: setting({
    schema: trueOrFalse(),
    default: true,
    unit: 'flag',
    reason: 'Summarise chats at their 4th, 8th, 16th … turn, at one call of a model each',
  }),
  SHUTDOWN_GRACE_MS: setting({
    schema: durationMs({ min: 0, max: 600_000 }),
    default: 10_000,
    unit: 'ms',
    reason: 'How long running steps may go on at a stop before their chats are handed over',
  }),
});

/** What the process of its own needs beside that. */
export const chatWorkerConfig = defineConfig({
  ...workerConfig,
  DATABASE_URL: deploymentSettings.DATABASE_URL,
  DATABASE_POOL_SIZE: deploymentSettings.DATABASE_POOL_SIZE,
  NATS_URL: deploymentSettings.NATS_URL,
  BUS_VALIDATION: deploymentSettings.BUS_VALIDATION,
  PARLEY_ENCRYPTION_KEY: deploymentSettings.PARLEY_ENCRYPTION_KEY,
  LOG_LEVEL: deploymentSettings.LOG_LEVEL,
  METRICS_TOKEN: deploymentSettings.METRICS_TOKEN,
  ...observabilitySettings,
  HOST: setting({
    schema: text(),
    default: '0.0.0.0',
    unit: 'address',
    reason: 'The address the service listens on',
  }),
  PORT: setting({
    schema: port(),
    default: 3001,
    unit: 'port',
    reason: 'The port of health and metrics',
  }),
});
