import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';

export interface DeleteQueuedInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  queuedMessageId: number;
}

/** Takes a message out of the queue. */
export function deleteQueued(_store: ChatStore, _input: DeleteQueuedInput): Promise<Done | Refused> {
  return Promise.reject(new Error('deleteQueued is being written'));
}
