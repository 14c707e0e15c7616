import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';

export interface CancelActionInput {
  fence: Omit<Fence, 'historyVersion'>;
}

/** The deadline of an action passed: its calls get cancelled results and the turn goes on. */
export function cancelAction(_store: ChatStore, _input: CancelActionInput): Promise<Done | Stale> {
  return Promise.reject(new Error('cancelAction is being written'));
}
