import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';

export interface InterruptInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
}

/** Stops the turn: a running chat keeps its partial answer, one that waits for results goes on with cancelled ones. */
export function interrupt(_store: ChatStore, _input: InterruptInput): Promise<Done | Refused> {
  return Promise.reject(new Error('interrupt is being written'));
}
