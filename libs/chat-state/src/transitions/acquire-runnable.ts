import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';
import type { ChatHead } from '../types';

export interface AcquireRunnableInput {
  workerId: string;
  limit: number;
}

/** The sweep: takes up to `limit` runnable chats that nobody alive owns; owners take turns. */
export function acquireRunnable(_store: ChatStore, _input: AcquireRunnableInput): Promise<ChatHead[]> {
  return Promise.reject(new Error('acquireRunnable is being written'));
}
