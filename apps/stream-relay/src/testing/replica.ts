/** One replica for the specs of a feed: its own watched feed on a chat in memory, and its own luck with the bus. */
import { setImmediate as turn } from 'node:timers/promises';
import type { FakeClock } from '@parley/testing';
import type { FeedListener, FeedSource } from '../feed-source';
import { RelayMetrics } from '../relay-metrics';
import { WatchedFeed } from '../watched-feed';
import type { ModelChat, Published } from './model-chat';

export const chatId = '00000000-0000-4000-8000-000000000001';
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const limits = {
  maxMessages: 4,
  maxMessageBytes: 2_000,
  maxPartBytes: 200,
  maxEarlyChanges: 3,
  maxEarlyBytes: 3_000,
};
const timing = { reorderMs: 50, confirmMs: 1_000, maxPauseMs: 400 };

export type Fate = 'arrives' | 'is lost' | 'is doubled' | 'is late';

export class Replica {
  readonly metrics = new RelayMetrics();
  readonly watched: WatchedFeed;
  private listener: FeedListener | undefined;
  private late: Published[] = [];

  constructor(
    private readonly chat: ModelChat,
    clock: FakeClock,
    workerAnswers: () => boolean,
    { confirms }: { confirms: boolean } = { confirms: true },
  ) {
    const source: FeedSource = {
      subscribe: async (_chatId, listener) => {
        if (!confirms) await new Promise<never>(() => undefined);
        await turn();
        this.listener = listener;
        return { unsubscribe: () => (this.listener = undefined), drain: () => Promise.resolve() };
      },
      // The statement's snapshot is taken somewhere between the question and the answer.
      readSnapshot: async ({ afterRevision }) => {
        await turn();
        const snapshot = chat.snapshot(afterRevision, 5);
        await turn();
        return snapshot;
      },
      isHistoryBroken: async ({ version }) => {
        await turn();
        const isBroken = chat.isBrokenSince(version);
        // Slower than a read that begins after it.
        for (let turns = 0; turns < 3; turns += 1) await turn();
        return isBroken;
      },
      readMessages: async ({ afterId, throughId, limit }) => {
        await turn();
        const rest = chat.visible.filter(({ id }) => id > afterId && id <= throughId);
        await turn();
        return { messages: rest.slice(0, limit), hasMore: rest.length > limit };
      },
      readVersions: async () => new Map([[chatId, chat.head.version]]),
      askEpisode: async (question) => {
        await turn();
        return workerAnswers() ? chat.episode(question.afterSeq, question) : null;
      },
    };
    this.watched = new WatchedFeed({ chatId, source, clock, logger, metrics: this.metrics, limits, timing });
  }

  deliver(published: Published, fate: Fate): void {
    if (fate === 'is late') this.late.push(published);
    if (fate === 'arrives' || fate === 'is doubled') this.hand(published);
    if (fate === 'is doubled') this.hand(published);
  }

  deliverLate(): void {
    for (const published of this.late.splice(0)) this.hand(published);
  }

  async settle(clock: FakeClock): Promise<void> {
    this.deliverLate();
    this.watched.noteVersion(this.chat.head.version);
    for (let round = 0; round < 40 && !this.isSettled(); round += 1) {
      await clock.advance(400);
      for (let turns = 0; turns < 8; turns += 1) await turn();
    }
  }

  private isSettled(): boolean {
    const { feed } = this.watched;
    return feed.lack() === 'nothing' && feed.hole === null;
  }

  private hand(published: Published): void {
    if (published.kind === 'change') this.listener?.onChange(published.change);
    else this.listener?.onParts(published.parts);
  }
}
