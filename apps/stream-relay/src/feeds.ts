/**
 * All feeds of this replica, one a chat. A feed is read when its first viewer comes and outlives its last one by a while, so
 * that reloads and reconnect storms cost no query; of those without viewers the least recently used go first when the bytes
 * of all exceed the budget. When even those with viewers exceed it, they keep no messages that Postgres can bring back, and if
 * that is not enough no parts of a step in flight for those who come in its middle.
 *
 * The net under the bus: every so often one statement compares the versions of all feeds with Postgres.
 */
import type { Bus } from '@parley/bus';
import type { Clock } from '@parley/contracts';
import type { Feed, FeedLimits } from './feed';
import type { FeedSource } from './feed-source';
import type { RelayMetrics } from './relay-metrics';
import { SingleFlight, Tasks, type TaskLogger } from './tasks';
import { WatchedFeed, type FeedTiming } from './watched-feed';

export interface FeedsOptions {
  readonly source: FeedSource;
  readonly bus: Pick<Bus, 'onReconnect'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: TaskLogger;
  readonly metrics: RelayMetrics;
  readonly limits: FeedLimits;
  readonly timing: FeedTiming;
  /** How long a feed outlives its last viewer. */
  readonly lingerMs: number;
  /** Of all feeds together: their messages and parts. */
  readonly maxBytes: number;
  /** Of feeds without viewers. */
  readonly maxIdleFeeds: number;
  readonly versionCheckMs: number;
}

/** A hold on a feed: it stays as long as somebody has one. */
export interface FeedHold {
  readonly watched: WatchedFeed;
  release(): void;
}

interface Entry {
  readonly watched: WatchedFeed;
  holds: number;
  idleSince: number;
}

/** How often what is idle or too much is looked for. */
const SWEEP_MS = 1_000;
/** How much later than Postgres the bus may tell of a change. */
const PATIENCE_MS = 1_000;
/** Processes look for a lost bus about every second, so that all are back within two or three. */
const CHECKS_AFTER_OUTAGE_MS = [0, 500, 1_000, 2_000, 4_000];

export class Feeds {
  /** Least recently used first. */
  private readonly entries = new Map<string, Entry>();
  private readonly opening = new SingleFlight<Entry | null>();
  private readonly tasks: Tasks;
  private stopListening: (() => void) | undefined;

  constructor(private readonly options: FeedsOptions) {
    this.tasks = new Tasks(options.logger);
  }

  get count(): number {
    return this.entries.size;
  }

  get bytes(): number {
    let bytes = 0;
    for (const { watched } of this.entries.values()) bytes += watched.feed.bytes;
    return bytes;
  }

  /** The feed of a chat that is watched, or was until lately. */
  peek(chatId: string): Feed | undefined {
    return this.entries.get(chatId)?.watched.feed;
  }

  start(): void {
    this.stopListening = this.options.bus.onReconnect(() => this.refreshAll());
    const { versionCheckMs } = this.options;
    this.tasks.run('sweep of feeds', () => this.every(SWEEP_MS, 'feed sweep', () => this.sweep()));
    this.tasks.run('version checks', () =>
      this.every(versionCheckMs, 'version check', () => this.checkVersions(PATIENCE_MS)),
    );
  }

  /** Null when there is no such chat. Rejects when Postgres does. The caller releases the hold. */
  async open(chatId: string): Promise<FeedHold | null> {
    const { metrics } = this.options;
    const known = this.find(chatId);
    if (known === undefined) metrics.feedMisses += 1;
    else metrics.feedHits += 1;
    const entry = known ?? (await this.opening.run(chatId, () => this.openCold(chatId)));
    return entry === null ? null : this.hold(chatId, entry);
  }

  /**
   * One round of the net: feeds that are behind read what they lack. With patience: only what has not come by itself until then, since
   * a busy bus may bring later what Postgres tells already.
   */
  async checkVersions(patienceMs = 0): Promise<void> {
    const { source, metrics, clock } = this.options;
    if (this.entries.size === 0) return;
    metrics.versionReads += 1;
    const asked = [...this.entries.keys()];
    const versions = await source.readVersions(asked);
    for (const chatId of asked) if (!versions.has(chatId)) this.entries.get(chatId)?.watched.end();
    const behind = [...versions].filter(([chatId, version]) => this.isBehind(chatId, version));
    if (behind.length === 0) return;
    if (patienceMs > 0) await clock.sleep(patienceMs, { name: 'late changes', signal: this.tasks.signal });
    for (const [chatId, version] of behind) this.entries.get(chatId)?.watched.noteVersion(version);
  }

  /** One round of forgetting: feeds idle for too long, then the least recently used beyond the budget. */
  async sweep(): Promise<void> {
    const { clock, lingerMs, maxBytes, maxIdleFeeds, metrics } = this.options;
    const idle = [...this.entries].filter(([, { holds }]) => holds === 0);
    let excessFeeds = idle.length - maxIdleFeeds;
    let excessBytes = this.bytes - maxBytes;
    const dropped: Promise<void>[] = [];
    for (const [chatId, { watched, idleSince }] of idle) {
      const isExpired = clock.now() - idleSince >= lingerMs;
      if (!isExpired && excessBytes <= 0 && excessFeeds <= 0) continue;
      if (!isExpired) metrics.feedsEvicted += 1;
      excessFeeds -= 1;
      excessBytes -= watched.feed.bytes;
      this.entries.delete(chatId);
      dropped.push(watched.close());
    }
    const shrink = (how: (feed: Feed) => void): void => {
      for (const { watched } of this.entries.values()) {
        if (excessBytes <= 0) return;
        excessBytes -= watched.feed.bytes;
        how(watched.feed);
        excessBytes += watched.feed.bytes;
      }
    };
    shrink((feed) => feed.shrink());
    shrink((feed) => feed.forgetParts());
    await Promise.all(dropped);
  }

  async stop(): Promise<void> {
    this.stopListening?.();
    await this.tasks.stop();
    const watched = [...this.entries.values()].map((entry) => entry.watched.close());
    this.entries.clear();
    await Promise.all(watched);
  }

  private isBehind(chatId: string, version: number): boolean {
    const feed = this.peek(chatId);
    return feed !== undefined && feed.version < version;
  }

  private find(chatId: string): Entry | undefined {
    const entry = this.entries.get(chatId);
    if (entry?.watched.isOver !== true) return entry;
    this.entries.delete(chatId);
    this.tasks.run('end of a feed', () => entry.watched.close());
    return undefined;
  }

  private async openCold(chatId: string): Promise<Entry | null> {
    const { source, clock, logger, metrics, limits, timing } = this.options;
    const watched = new WatchedFeed({ chatId, source, clock, logger, metrics, limits, timing });
    const isThere = await watched.start().catch(async (error: unknown) => {
      await watched.close();
      throw error;
    });
    if (!isThere || this.tasks.isStopped) {
      await watched.close();
      return null;
    }
    const entry = { watched, holds: 0, idleSince: clock.now() };
    this.entries.set(chatId, entry);
    return entry;
  }

  private hold(chatId: string, entry: Entry): FeedHold {
    entry.holds += 1;
    this.entries.delete(chatId);
    this.entries.set(chatId, entry);
    let isHeld = true;
    return {
      watched: entry.watched,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        entry.holds -= 1;
        entry.idleSince = this.options.clock.now();
      },
    };
  }

  /** What was published while the bus was away is lost, and so is what a process publishes that comes back after this one. */
  private refreshAll(): void {
    const { clock, logger } = this.options;
    logger.info({ feeds: this.entries.size }, 'The bus is back: comparing all feeds with Postgres');
    for (const delayMs of CHECKS_AFTER_OUTAGE_MS)
      this.tasks.run('version check', async () => {
        const { signal } = this.tasks;
        if (delayMs > 0) await clock.sleep(delayMs, { name: 'check after an outage', signal });
        await this.checkVersions();
      });
    for (const { watched } of this.entries.values()) watched.refreshPreview();
  }

  /** Rounds for ever, each begun a jittered while after the one before ended; one that fails is logged. */
  private async every(ms: number, name: string, round: () => Promise<void>): Promise<void> {
    const { clock, random, logger } = this.options;
    const { signal } = this.tasks;
    while (!signal.aborted) {
      await clock.sleep(ms * (0.9 + 0.2 * random()), { name, signal });
      await round().catch((error: unknown) => logger.warn({ err: error, round: name }, 'A round failed'));
    }
  }
}
