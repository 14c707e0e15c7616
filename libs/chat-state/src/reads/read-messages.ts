import type { ChatMessage } from '@parley/contracts';
import type { Queryable } from '@parley/database';
import type { TranscriptRow } from '../types';

export interface ReadMessagesInput {
  chatId: string;
  afterId?: number;
  beforeId?: number;
  limit: number;
}

/** A page of what clients see of the history: ascending with `afterId` alone, descending in every other form. */
export function readMessages(
  _database: Queryable,
  _input: ReadMessagesInput,
): Promise<{ messages: ChatMessage[]; hasMore: boolean }> {
  return Promise.reject(new Error('readMessages is being written'));
}

/** What the model sees, in order: the uncompressed system messages, the newest boundary, and what came after it. */
export function readTranscript(_database: Queryable, _input: { chatId: string }): Promise<TranscriptRow[]> {
  return Promise.reject(new Error('readTranscript is being written'));
}

/** Texts that the owner sent in this chat, newest first, blank ones left out. */
export function readPrompts(
  _database: Queryable,
  _input: { chatId: string; limit: number },
): Promise<string[]> {
  return Promise.reject(new Error('readPrompts is being written'));
}
