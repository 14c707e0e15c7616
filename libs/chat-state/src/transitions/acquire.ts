import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';
import type { ChatHead } from '../types';

export interface AcquireInput {
  workerId: string;
  chatId: string;
}

/** Takes a runnable chat that is unowned, own, or whose owner lost its lease. Null when there is nothing to take. */
export function acquire(_store: ChatStore, _input: AcquireInput): Promise<ChatHead | null> {
  return Promise.reject(new Error('acquire is being written'));
}
