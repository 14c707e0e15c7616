/** The numbers of a relay that an operator may turn. */
export interface RelaySettings {
  /** Streams open at a time; more are refused with 503. */
  readonly maxStreams: number;
  /** What may wait for a slow viewer before it is closed. */
  readonly maxBufferedBytes: number;
  readonly heartbeatMs: number;
  /** How long a feed outlives its last viewer. */
  readonly feedLingerMs: number;
  /** Messages and parts of all feeds together. */
  readonly maxFeedBytes: number;
  readonly maxIdleFeeds: number;
  readonly versionCheckMs: number;
  readonly episodeTimeoutMs: number;
  /** When clients of a closed stream come back, at the earliest and at the latest. */
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
  /** How long a peer may take to hear that its stream is closed. */
  readonly closeGraceMs: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_RELAY_SETTINGS: RelaySettings = {
  maxStreams: 12_000,
  maxBufferedBytes: 4 * MIB,
  heartbeatMs: 15_000,
  feedLingerMs: 60_000,
  maxFeedBytes: 256 * MIB,
  maxIdleFeeds: 20_000,
  versionCheckMs: 10_000,
  episodeTimeoutMs: 2_000,
  minRetryMs: 500,
  maxRetryMs: 4_000,
  closeGraceMs: 3_000,
};
