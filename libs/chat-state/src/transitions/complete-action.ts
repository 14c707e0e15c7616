import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';

export interface CompleteActionInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  results: readonly { toolCallId: string; output: unknown; isError: boolean }[];
}

/** Takes the results of the open dynamic calls, exactly all of them. */
export function completeAction(
  _store: ChatStore,
  _input: CompleteActionInput,
): Promise<Done | (Refused & { missing?: string[]; unexpected?: string[] })> {
  return Promise.reject(new Error('completeAction is being written'));
}
