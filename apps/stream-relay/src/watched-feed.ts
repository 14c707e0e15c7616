/**
 * A feed at work: its subscriptions, its reads, its viewers.
 *
 * Subscribes first and reads then. Whatever the feed lacks is given a moment to arrive by itself, because the bus reorders;
 * then one read of Postgres brings it for all viewers, or one question to the chat's owner. Reads and questions that
 * bring nothing are repeated ever more slowly. Viewers are served in turn and never waited for.
 */
import type { Subscription } from '@parley/bus';
import type { ChatParts, Clock } from '@parley/contracts';
import { attach, type Attachable, type MessagePage, type Start } from './attach';
import { EventBatch } from './encoded-event';
import { Feed, type FeedLimits } from './feed';
import { FeedHistory } from './feed-history';
import type { FeedSource } from './feed-source';
import type { FeedTail, FeedUpdate } from './feed-update';
import type { RelayMetrics } from './relay-metrics';
import { Tasks, type TaskLogger } from './tasks';
import type { Viewer } from './viewer';

export interface FeedTiming {
  /** How long an overtaken change or part may take to arrive by itself. */
  readonly reorderMs: number;
  /** How long the first read waits for the bus to confirm the subscription; after that the later confirmation brings another read. */
  readonly confirmMs: number;
  /** The longest pause between reads, or questions, that bring nothing. */
  readonly maxPauseMs: number;
}

export const FEED_TIMING: FeedTiming = { reorderMs: 50, confirmMs: 1_000, maxPauseMs: 10_000 };

export interface WatchedFeedOptions {
  readonly chatId: string;
  readonly source: FeedSource;
  readonly clock: Clock;
  readonly logger: TaskLogger;
  readonly metrics: RelayMetrics;
  readonly limits: FeedLimits;
  readonly timing: FeedTiming;
}

export class WatchedFeed implements Attachable {
  readonly feed: Feed;
  /** The newest message that the owner is known to have read. */
  readThroughId = 0;
  private readonly viewers = new Set<Viewer>();
  /** Viewers that joined in the middle of an episode too long to keep: they wait for the stored message. */
  private withoutPreview: Set<Viewer> | undefined;
  private readonly tasks: Tasks;
  private readonly history: FeedHistory;
  private subscription: Subscription | undefined;
  private reading: Promise<boolean> | undefined;
  private hasEnded = false;
  private hasBegunReading = false;
  private isCatchingUp = false;
  private isFilling = false;

  constructor(private readonly options: WatchedFeedOptions) {
    this.feed = new Feed(options.chatId, options.limits);
    this.tasks = new Tasks(options.logger);
    this.history = new FeedHistory({ ...options, feed: this.feed });
  }

  /** False when there is no such chat. Rejects when Postgres does. */
  async start(): Promise<boolean> {
    const { clock, timing } = this.options;
    const patience = new AbortController();
    const subscribed = this.subscribe();
    const impatience = clock.sleep(timing.confirmMs, { name: 'confirm', signal: patience.signal });
    await Promise.race([subscribed, impatience]).finally(() => patience.abort());
    await impatience.catch(() => undefined);
    this.hasBegunReading = true;
    this.options.metrics.firstReads += 1;
    const isThere = await this.read();
    if (isThere) this.refreshPreview();
    return isThere;
  }

  /** Takes the viewer through the replay into the tail. */
  attach(viewer: Viewer, from: Start): void {
    viewer.onClosed(() => this.leave(viewer));
    this.enter(viewer, from);
  }

  join(viewer: Viewer, { followsParts }: { followsParts: boolean }): void {
    this.viewers.add(viewer);
    if (!followsParts) (this.withoutPreview ??= new Set()).add(viewer);
  }

  /** Somebody knows of this version; when it is news, it is read. */
  noteVersion(version: number): void {
    this.feed.noteVersion(version);
    this.mend();
  }

  /** After an outage of the bus: asks for parts that passed by unseen. Changes are found by their versions. */
  refreshPreview(): void {
    this.tasks.run('ask for preview', () => this.askForPreview());
  }

  async catchUp(): Promise<void> {
    if (this.reading === undefined) this.options.metrics.catchUpReads += 1;
    await this.read();
  }

  learnHistory(version: number): Promise<void> {
    return this.history.learn(version);
  }

  async fillEpisode(): Promise<void> {
    await this.askEpisode();
  }

  readOlder(afterId: number): Promise<MessagePage> {
    return this.history.readOlder(afterId);
  }

  /** The chat is gone. */
  get isOver(): boolean {
    return this.hasEnded;
  }

  /** Ends the streams of a chat that is gone. */
  end(): void {
    this.hasEnded = true;
    for (const viewer of [...this.viewers]) viewer.close('deleted');
  }

  async close(): Promise<void> {
    this.subscription?.unsubscribe();
    await this.tasks.stop();
  }

  /** Resolves when the bus has confirmed; that may be long after the feed has closed, when the bus is away. */
  private async subscribe(): Promise<void> {
    const { chatId, source, logger } = this.options;
    try {
      const subscription = await source.subscribe(chatId, {
        onChange: (change) => this.deliver(this.feed.apply(change)),
        onParts: (parts) => this.onParts(parts),
      });
      if (this.tasks.isStopped) return subscription.unsubscribe();
      this.subscription = subscription;
      // What was published before the confirmation may have passed by unseen.
      if (this.hasBegunReading) this.tasks.run('read again', () => this.readAgain());
    } catch (error) {
      // The version check goes on, so that viewers see what is committed.
      logger.warn({ err: error, chat_id: chatId }, 'Could not subscribe to a chat');
    }
  }

  private async readAgain(): Promise<void> {
    // A read under way may have begun before the confirmation.
    await this.reading?.catch(() => undefined);
    await this.catchUp();
    await this.askForPreview();
  }

  private onParts(parts: ChatParts): void {
    this.options.metrics.partsReceived += parts.parts.length;
    this.deliver(this.feed.applyParts(parts));
  }

  private enter(viewer: Viewer, from: Start): void {
    this.tasks.run('attach', async () => {
      try {
        await attach(this, viewer, from);
      } catch (error) {
        viewer.close('unavailable');
        throw error;
      }
    });
  }

  private leave(viewer: Viewer): void {
    this.viewers.delete(viewer);
    this.withoutPreview?.delete(viewer);
  }

  private deliver(update: FeedUpdate): void {
    switch (update.kind) {
      case 'tail':
        this.broadcast(update);
        break;
      case 'replaced': {
        const viewers = [...this.viewers];
        for (const viewer of viewers) this.leave(viewer);
        for (const viewer of viewers) this.enter(viewer, { cursor: update.from });
        break;
      }
    }
    this.mend();
  }

  private broadcast({ events, startsEpisode, parts }: FeedTail): void {
    if (startsEpisode) this.withoutPreview = undefined;
    const { metrics } = this.options;
    const all = new EventBatch([...events, ...parts], metrics);
    const withoutParts = new EventBatch(events, metrics);
    for (const viewer of this.viewers) {
      const batch = this.withoutPreview?.has(viewer) === true ? withoutParts : all;
      if (batch.events.length > 0) viewer.send(batch);
    }
  }

  /** Starts what brings the missing, unless it is under way. */
  private mend(): void {
    if (this.feed.head === null) return;
    if (!this.isCatchingUp && this.feed.lack() !== 'nothing') {
      this.isCatchingUp = true;
      this.tasks.run('catch up', () => this.catchUpWithGaps().finally(() => (this.isCatchingUp = false)));
    }
    if (!this.isFilling && this.feed.hole !== null) {
      this.isFilling = true;
      this.tasks.run('fill', () => this.fillHoles().finally(() => (this.isFilling = false)));
    }
  }

  private async catchUpWithGaps(): Promise<void> {
    const { clock } = this.options;
    const { signal } = this.tasks;
    for (let futile = 0; this.feed.lack() !== 'nothing';) {
      // Only what may still come by itself is waited for; and nobody hammers a Postgres that is away.
      if (futile > 0 || this.feed.lack() === 'later')
        await clock.sleep(this.pauseMs(futile), { name: 'change gap', signal });
      if (this.feed.lack() === 'nothing') return;
      const { version } = this.feed;
      await this.catchUp().catch((error: unknown) => this.logFailure(error, 'Could not read a chat'));
      futile = this.feed.version > version ? 0 : futile + 1;
    }
  }

  private async fillHoles(): Promise<void> {
    const { clock } = this.options;
    const { signal } = this.tasks;
    for (let futile = 0; this.feed.hole !== null;) {
      await clock.sleep(this.pauseMs(futile), { name: 'part gap', signal });
      if (this.feed.hole === null) return;
      futile = (await this.askEpisode()) ? 0 : futile + 1;
    }
  }

  private pauseMs(futile: number): number {
    const { reorderMs, maxPauseMs } = this.options.timing;
    return Math.min(reorderMs * 2 ** futile, maxPauseMs);
  }

  /** For viewers who come in the middle of a step, before the next part shows that there is something to ask for. */
  private async askForPreview(): Promise<void> {
    const status = this.feed.head?.status;
    if (status === 'running' || status === 'interrupting') await this.askEpisode();
  }

  /** True when it brought anything. */
  private async askEpisode(): Promise<boolean> {
    const { chatId, source, metrics } = this.options;
    const workerId = this.feed.head?.workerId ?? null;
    if (workerId === null) return false;
    const question = this.feed.openEpisode;
    metrics.episodeRequests += 1;
    const parts = await source
      .askEpisode({ chatId, workerId, ...question }, this.tasks.signal)
      .catch((error: unknown) => this.logFailure(error, 'Could not ask for the parts in flight'));
    if (parts === null || parts === undefined) return false;
    this.deliver(this.feed.applyParts(parts));
    return this.feed.openEpisode.afterSeq > question.afterSeq;
  }

  /** One read at a time, for all who want it. */
  private read(): Promise<boolean> {
    this.reading ??= this.readOnce();
    return this.reading;
  }

  private async readOnce(): Promise<boolean> {
    const { chatId, source } = this.options;
    const afterRevision = this.feed.version;
    const snapshot = await source
      .readSnapshot({ chatId, afterRevision })
      .finally(() => (this.reading = undefined));
    if (snapshot === null) {
      this.end();
      return false;
    }
    this.deliver(this.feed.load(snapshot, afterRevision));
    return true;
  }

  private logFailure(error: unknown, message: string): null {
    if (!this.tasks.isStopped)
      this.options.logger.warn({ err: error, chat_id: this.options.chatId }, message);
    return null;
  }
}
