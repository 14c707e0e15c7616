/** What a feed does not hold of its chat's past, read when a viewer wants it; those who want the same at the same time share the read. */
import type { MessagePage } from './attach';
import type { Feed } from './feed';
import type { FeedSource } from './feed-source';
import { ringMessage } from './message-ring';
import type { RelayMetrics } from './relay-metrics';
import { SingleFlight } from './tasks';

const MAX_PAGE_MESSAGES = 200;
/** A page near these bytes is large enough to be worth its statement, and small enough to wait for a slow peer. */
const MAX_PAGE_BYTES = 512 * 1024;

export interface FeedHistoryOptions {
  readonly feed: Feed;
  readonly source: FeedSource;
  readonly metrics: RelayMetrics;
}

export class FeedHistory {
  private readonly pages = new SingleFlight<MessagePage>();
  private readonly questions = new SingleFlight<void>();

  constructor(private readonly options: FeedHistoryOptions) {}

  /** A page of messages after `afterId`, all older than the feed's ring. */
  readOlder(afterId: number): Promise<MessagePage> {
    const throughId = this.options.feed.messages.floorId;
    return this.pages.run(`${afterId}-${throughId}`, () => this.readPage(afterId, throughId));
  }

  /** Tells the feed whether messages were removed since that version. */
  learn(version: number): Promise<void> {
    const { feed, source, metrics } = this.options;
    return this.questions.run(String(version), async () => {
      metrics.historyReads += 1;
      const { resets } = feed;
      const isBroken = await source.isHistoryBroken({ chatId: feed.chatId, version });
      feed.noteHistory({ version, isBroken, resets });
    });
  }

  private async readPage(afterId: number, throughId: number): Promise<MessagePage> {
    const { feed, source, metrics } = this.options;
    metrics.historyReads += 1;
    const page = { limit: MAX_PAGE_MESSAGES, maxBytes: MAX_PAGE_BYTES };
    const read = await source.readMessages({ chatId: feed.chatId, afterId, throughId, ...page });
    const messages = read.messages.map((message) => ringMessage(message));
    return { messages, reachesId: read.hasMore ? (messages.at(-1)?.id ?? throughId) : throughId };
  }
}
