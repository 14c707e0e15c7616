/** The reads of a feed, on libs/chat-state. A cold feed costs one statement; so does a gap. */
import { readFeed, readMessages, readVersions, type ChatHead } from '@parley/chat-state';
import { toClientParts } from '@parley/contracts';
import type { Database } from '@parley/database';
import type { FeedHead } from './feed-head';
import type { FeedReads } from './feed-source';

export interface FeedReadLimits {
  /** No read brings more than a ring holds. */
  readonly maxMessages: number;
  readonly maxMessageBytes: number;
}

export function createFeedReads(
  database: Database,
  { maxMessages: limit, maxMessageBytes: maxBytes }: FeedReadLimits,
): FeedReads {
  return {
    async readSnapshot({ chatId, afterRevision }) {
      const isCold = afterRevision === 0;
      const newest = { chatId, limit, maxBytes };
      let read = await readFeed(database, isCold ? newest : { ...newest, afterRevision });
      const isPartOfNewer = read !== null && !isCold && read.hasMore && !read.historyReset;
      // More news than a ring holds: the newest messages instead, and viewers page through the rest.
      if (isPartOfNewer) read = await readFeed(database, newest);
      if (read === null) return null;
      return {
        head: toFeedHead(read.head),
        messages: read.messages.map(({ message }) => message),
        hasOlder: read.hasMore,
        isReset: read.historyReset,
      };
    },

    async isHistoryBroken({ chatId, version }) {
      const read = await readFeed(database, { chatId, afterRevision: version, limit: 1 });
      return read === null || read.historyReset;
    },

    async readMessages({ chatId, afterId, throughId, ...page }) {
      const { messages, hasMore } = await readMessages(database, { chatId, afterId, ...page });
      const wanted = messages.filter(({ id }) => id <= throughId);
      return { messages: wanted, hasMore: hasMore && wanted.length === messages.length };
    },

    readVersions: (chatIds) => readVersions(database, chatIds),
  };
}

function toFeedHead(head: ChatHead): FeedHead {
  return {
    ownerId: head.ownerId,
    version: head.version,
    historyVersion: head.historyVersion,
    queueVersion: head.queueVersion,
    generationAttempt: head.generationAttempt,
    status: head.status,
    workerId: head.workerId,
    queue: head.queue.map((queued) => ({
      id: queued.id,
      chat_id: head.id,
      ...(queued.model_config_id !== null && { model_config_id: queued.model_config_id }),
      content: toClientParts(queued.content),
      created_at: queued.created_at,
    })),
    error: head.lastError,
    retry: head.retry,
    openCalls: head.openCalls,
  };
}
