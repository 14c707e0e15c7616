import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';

export interface ClearContextInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
}

/** Sets a boundary that the model does not see past; the history stays visible. */
export function clearContext(_store: ChatStore, _input: ClearContextInput): Promise<Done | Refused> {
  return Promise.reject(new Error('clearContext is being written'));
}
