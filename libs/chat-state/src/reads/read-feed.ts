import type { ChatMessage } from '@parley/contracts';
import type { Queryable } from '@parley/database';
import type { ChatHead } from '../types';

export interface ReadFeedInput {
  chatId: string;
  /** Messages written after this version of the chat, ascending. */
  afterRevision?: number;
  /** Messages after this id, ascending. Neither: the newest `limit` ones, ascending. */
  afterId?: number;
  limit: number;
}

export interface FeedSnapshot {
  head: ChatHead;
  /** In ascending order of id, each with the revision that wrote it. */
  messages: { revision: number; message: ChatMessage }[];
  /** More exist in the direction read (older ones, for the newest). */
  hasMore: boolean;
  /** Messages were removed after `afterRevision`: the newest `limit` messages are returned instead. */
  historyReset: boolean;
}

/** The head of a chat and messages in one snapshot, for the stream feeds; null when there is no such chat. */
export function readFeed(_database: Queryable, _input: ReadFeedInput): Promise<FeedSnapshot | null> {
  return Promise.reject(new Error('readFeed is being written'));
}
