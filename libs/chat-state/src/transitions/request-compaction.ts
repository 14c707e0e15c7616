import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';

export interface RequestCompactionInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
}

/** Asks a worker to compact the history of a chat at rest. */
export function requestCompaction(
  _store: ChatStore,
  _input: RequestCompactionInput,
): Promise<Done | Refused> {
  return Promise.reject(new Error('requestCompaction is being written'));
}
