import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';

export interface ReleaseInput {
  chatId: string;
  runnerId: string;
}

/** Gives a chat back; a runnable one is offered to all workers at once. */
export function release(_store: ChatStore, _input: ReleaseInput): Promise<Done | Stale> {
  return Promise.reject(new Error('release is being written'));
}
