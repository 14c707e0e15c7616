import type { Chat } from '@parley/contracts';
import type { Queryable } from '@parley/database';

export interface ListChatsInput {
  ownerId: string;
  /** Default false. */
  archived?: boolean;
  /** Part of the title, in any case. */
  title?: string;
  hasUnread?: boolean;
  /** All must match. */
  labels?: Record<string, string>;
  /** The last chat of the page before. */
  afterId?: string;
  /** Default 50. */
  limit?: number;
  offset?: number;
}

/** Root chats with their children: pinned first, then the latest updated. Null when `afterId` is no chat of this owner. */
export function listChats(_database: Queryable, _input: ListChatsInput): Promise<Chat[] | null> {
  return Promise.reject(new Error('listChats is being written'));
}
