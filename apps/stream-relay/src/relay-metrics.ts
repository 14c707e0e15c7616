/** What a relay counts. Plain numbers, so that counting costs nothing; the app shows them at /metrics. */
export class RelayMetrics {
  /** Streams opened since the start, by transport. */
  webSocketStreams = 0;
  sseStreams = 0;
  /** Open now. */
  viewers = 0;
  /** Attached to a feed that was there already, and to one that had to be read. */
  feedHits = 0;
  feedMisses = 0;
  /** Reads of Postgres: the first of a feed, what the bus did not bring, history older than the ring, versions of all feeds. */
  firstReads = 0;
  catchUpReads = 0;
  historyReads = 0;
  versionReads = 0;
  episodeRequests = 0;
  partsReceived = 0;
  eventsSent = 0;
  bytesSent = 0;
  /** Of what goes to all viewers of a feed: made once for each transport. */
  bytesEncoded = 0;
  slowViewersDropped = 0;
  deadViewersDropped = 0;
  admissionsRefused = 0;
  feedsEvicted = 0;
}
