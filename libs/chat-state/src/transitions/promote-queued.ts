import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';

export interface PromoteQueuedInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  queuedMessageId: number;
}

/** Runs a queued message now, or next after an interrupt of what runs. */
export function promoteQueued(
  _store: ChatStore,
  _input: PromoteQueuedInput,
): Promise<Done<SendResult> | Refused> {
  return Promise.reject(new Error('promoteQueued is being written'));
}
