/**
 * Somebody who watches a chat, by the rules that every receiver of changes follows: apply what follows the version at hand, drop
 * what is old, read Postgres where something is missing. What it shows must be what is stored.
 */
import type { ChatChange, ChatMessage, OpenCall, QueuedMessage } from '@parley/contracts';
import { readFeed, type FeedSnapshot } from '../reads/read-feed';
import { toClientQueue } from '../rows/chat-row';
import type { ChatHead } from '../types';
import type { World } from './world';

const PAGE = 1_000;

export class ModelViewer {
  version = 0;
  status = '';
  archived = false;
  messages: ChatMessage[] = [];
  queue: QueuedMessage[] = [];
  openCalls: OpenCall[] = [];
  error: unknown = null;
  retry: unknown = null;
  private last: Promise<void> = Promise.resolve();

  constructor(
    private readonly world: World,
    private readonly chatId: string,
  ) {}

  /** One after the other, however they come. */
  receive(change: ChatChange): Promise<void> {
    this.last = this.last.then(() => this.apply(change));
    return this.last;
  }

  private async apply(change: ChatChange): Promise<void> {
    if (change.version <= this.version) return;
    if (change.from_version !== this.version || change.history_reset || change.truncated) {
      await this.catchUp();
      return;
    }
    this.version = change.version;
    this.status = change.status;
    this.archived = change.archived;
    this.messages = [...this.messages, ...(change.messages ?? [])];
    this.queue = change.queue ?? this.queue;
    this.openCalls = change.open_calls ?? this.openCalls;
    if (change.error !== undefined) this.error = change.error;
    if (change.retry !== undefined) this.retry = change.retry;
  }

  /** When all that came so far is applied. */
  settled(): Promise<void> {
    return this.last;
  }

  /** Reads what is newer than the version at hand; returns the head as read. */
  async catchUp(): Promise<ChatHead | null> {
    const feed = await readFeed(this.world.database, {
      chatId: this.chatId,
      afterRevision: this.version,
      limit: PAGE,
    });
    if (feed !== null && feed.head.version > this.version) this.take(feed);
    return feed?.head ?? null;
  }

  private take({ head, messages, historyReset }: FeedSnapshot): void {
    const news = messages.map(({ message }) => message);
    this.messages = historyReset ? news : [...this.messages, ...news];
    this.version = head.version;
    this.status = head.status;
    this.archived = head.archived;
    this.queue = toClientQueue(head);
    this.openCalls = head.openCalls;
    this.error = head.lastError;
    this.retry = head.retry;
  }

  /** Everything it shows, to be compared with what a fresh viewer reads. */
  shows(): unknown {
    const { version, status, archived, messages, queue, openCalls, error, retry } = this;
    return { version, status, archived, messages, queue, openCalls, error, retry };
  }
}
