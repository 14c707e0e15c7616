import type { Chat } from '@parley/contracts';
import type { Queryable } from '@parley/database';
import type { ChatHead } from '../types';

/** The row of a chat, or null. */
export function readChat(_database: Queryable, _input: { chatId: string }): Promise<ChatHead | null> {
  return Promise.reject(new Error('readChat is being written'));
}

/** A chat with its children as clients see it; null when there is none (of this owner, when one is given). */
export function readClientChat(
  _database: Queryable,
  _input: { chatId: string; ownerId?: string },
): Promise<Chat | null> {
  return Promise.reject(new Error('readClientChat is being written'));
}

/** What a worker owns and should be running: the net under lost wakes. A few columns a chat. */
export interface OwnedRunnable {
  chatId: string;
  runnerId: string;
  version: number;
}
export function readOwnedRunnable(
  _database: Queryable,
  _input: { workerId: string },
): Promise<OwnedRunnable[]> {
  return Promise.reject(new Error('readOwnedRunnable is being written'));
}

/** The versions of many chats in one statement; chats that are gone are absent. */
export function readVersions(
  _database: Queryable,
  _chatIds: readonly string[],
): Promise<Map<string, number>> {
  return Promise.reject(new Error('readVersions is being written'));
}
