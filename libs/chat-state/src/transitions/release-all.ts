import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';

export interface ReleaseAllInput {
  workerId: string;
}

/** Gives all chats of a worker back (at its stop, or after its death). Returns their ids. */
export function releaseAll(_store: ChatStore, _input: ReleaseAllInput): Promise<string[]> {
  return Promise.reject(new Error('releaseAll is being written'));
}
