import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';
import type { ChatHead } from '../types';

export interface SetArchivedInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  archived: boolean;
}

/** Archives or unarchives a root with all its children, or none. */
export function setArchived(
  _store: ChatStore,
  _input: SetArchivedInput,
): Promise<Done<{ children: ChatHead[] }> | Refused> {
  return Promise.reject(new Error('setArchived is being written'));
}
