/** Shows the numbers of a relay at /metrics. */
import type { Metrics } from '@parley/service';
import type { RelayMetrics } from './relay-metrics';
import type { StreamRelay } from './stream-relay';

/** Numbers that only grow. */
const COUNTS: Readonly<Record<Exclude<keyof RelayMetrics, 'viewers'>, string>> = {
  webSocketStreams: 'WebSocket streams begun',
  sseStreams: 'SSE streams begun',
  feedHits: 'Streams attached to a feed that was there',
  feedMisses: 'Streams whose feed had to be read',
  firstReads: 'First reads of a feed',
  catchUpReads: 'Reads of what the bus did not bring',
  historyReads: 'Reads of history older than a feed holds',
  versionReads: 'Version checks, one statement for all feeds',
  episodeRequests: 'Questions to workers for parts in flight',
  partsReceived: 'Live parts received from the bus',
  eventsSent: 'Events handed to viewers',
  bytesSent: 'Bytes handed to viewers',
  bytesEncoded: 'Bytes encoded once for all viewers of a feed',
  slowViewersDropped: 'Streams closed because their reader was too slow',
  deadViewersDropped: 'Streams closed because their peer showed no life',
  admissionsRefused: 'Streams refused because the replica was full',
  feedsEvicted: 'Feeds dropped before their time to free memory',
};

export function exportRelayMetrics(metrics: Metrics, relay: StreamRelay): void {
  for (const [key, help] of Object.entries(COUNTS)) {
    const name = `parley_relay_${key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`;
    metrics.counted({ name, help, read: () => relay.metrics[key as keyof typeof COUNTS] });
  }
  metrics.gauge({ name: 'parley_relay_viewers', help: 'Open streams', read: () => relay.metrics.viewers });
  metrics.gauge({ name: 'parley_relay_feeds', help: 'Feeds in memory', read: () => relay.feeds.count });
  metrics.gauge({
    name: 'parley_relay_feed_bytes',
    help: 'Messages and parts in all feeds',
    read: () => relay.feeds.bytes,
  });
}
