/** The variables of the stream relay. */
import {
  defineConfig,
  deploymentSettings,
  durationMs,
  port,
  setting,
  text,
  wholeNumber,
  type ConfigOf,
  observabilitySettings,
} from '@parley/service';
import { DEFAULT_RELAY_SETTINGS as DEFAULTS, type RelaySettings } from './settings';

const MIB = 1024 * 1024;
const bytes = ({ min }: { min: number }) => wholeNumber({ min, max: 64 * 1024 * MIB });

/** What limits a relay, wherever it runs. */
export const relayConfig = defineConfig({
  RELAY_MAX_STREAMS: setting({
    schema: wholeNumber({ min: 1, max: 1_000_000 }),
    default: DEFAULTS.maxStreams,
    unit: 'streams',
    reason: 'Streams open at a time on one replica; more are refused with 503, so that others take them',
  }),
  RELAY_MAX_BUFFERED_BYTES: setting({
    schema: bytes({ min: 64 * 1024 }),
    default: DEFAULTS.maxBufferedBytes,
    unit: 'bytes',
    reason: 'What may wait for one slow viewer before its stream is closed with a hint to resume',
  }),
  RELAY_HEARTBEAT_MS: setting({
    schema: durationMs({ min: 1_000, max: 29_000 }),
    default: DEFAULTS.heartbeatMs,
    unit: 'ms',
    reason: 'How often a quiet stream shows that it lives; proxies cut streams that are silent for long',
  }),
  RELAY_FEED_LINGER_MS: setting({
    schema: durationMs({ min: 0, max: 3_600_000 }),
    default: DEFAULTS.feedLingerMs,
    unit: 'ms',
    reason:
      'How long the cache of a chat outlives its last viewer, and what is known of a token its last stream, so that a reload costs no query',
  }),
  RELAY_MAX_FEED_BYTES: setting({
    schema: bytes({ min: MIB }),
    default: DEFAULTS.maxFeedBytes,
    unit: 'bytes',
    reason: 'The messages and parts in all caches together; the least recently used go first',
  }),
  RELAY_MIN_RETRY_MS: setting({
    schema: durationMs({ min: 1, max: 600_000 }),
    default: DEFAULTS.minRetryMs,
    unit: 'ms',
    reason: 'When clients of a closed stream are told to come back, at the earliest',
  }),
  RELAY_MAX_RETRY_MS: setting({
    schema: durationMs({ min: 1, max: 600_000 }),
    default: DEFAULTS.maxRetryMs,
    unit: 'ms',
    reason:
      'When clients of a closed stream are told to come back, at the latest: the wider the range, the flatter the storm',
  }),
});

/** What a relay reads as a process of its own. */
export const streamRelayConfig = defineConfig({
  HOST: setting({ schema: text(), default: '0.0.0.0', unit: 'address', reason: 'The address it listens on' }),
  PORT: setting({ schema: port(), default: 3001, unit: 'port', reason: 'The port it listens on' }),
  DATABASE_URL: deploymentSettings.DATABASE_URL,
  DATABASE_POOL_SIZE: deploymentSettings.DATABASE_POOL_SIZE,
  NATS_URL: deploymentSettings.NATS_URL,
  BUS_VALIDATION: deploymentSettings.BUS_VALIDATION,
  LOG_LEVEL: deploymentSettings.LOG_LEVEL,
  METRICS_TOKEN: deploymentSettings.METRICS_TOKEN,
  ...observabilitySettings,
  ...relayConfig,
});

export type RelayConfig = ConfigOf<typeof relayConfig>;

export function settingsOf(config: RelayConfig): RelaySettings {
  return {
    ...DEFAULTS,
    maxStreams: config.relayMaxStreams,
    maxBufferedBytes: config.relayMaxBufferedBytes,
    heartbeatMs: config.relayHeartbeatMs,
    feedLingerMs: config.relayFeedLingerMs,
    maxFeedBytes: config.relayMaxFeedBytes,
    minRetryMs: config.relayMinRetryMs,
    maxRetryMs: Math.max(config.relayMinRetryMs, config.relayMaxRetryMs),
  };
}
