import type { ChatHead, ChatStore, Refused } from './types';

export interface UpdateChatInput {
  chatId: string;
  ownerId?: string;
  title?: string;
  labels?: Record<string, string>;
  planMode?: '' | 'plan';
  /** 0 unpins; a positive number appends an unpinned chat and moves a pinned one. Roots that are not archived only. */
  pinOrder?: number;
}

/** Changes what is no execution state. The list order stays. */
export function updateChat(
  _store: ChatStore,
  _input: UpdateChatInput,
): Promise<{ ok: true; chat: ChatHead } | Refused> {
  return Promise.reject(new Error('updateChat is being written'));
}

/** Sets a generated title, unless a person or an earlier generation did. False when it came too late. */
export function setGeneratedTitle(
  _store: ChatStore,
  _input: { chatId: string; title: string },
): Promise<boolean> {
  return Promise.reject(new Error('setGeneratedTitle is being written'));
}

/** Stores the label of the last turn, unless the history has moved on. False when it has. */
export function setTurnSummary(
  _store: ChatStore,
  _input: { chatId: string; historyVersion: number; summary: string },
): Promise<boolean> {
  return Promise.reject(new Error('setTurnSummary is being written'));
}

/** The owner has read the chat up to its last answer. */
export function markRead(_store: ChatStore, _input: { chatId: string; ownerId: string }): Promise<void> {
  return Promise.reject(new Error('markRead is being written'));
}
