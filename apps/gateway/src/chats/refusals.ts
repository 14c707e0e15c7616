/** What clients are told when chat-state refuses a transition. `Record` makes a new reason fail to compile until it has an answer. */
import type { RefusalReason, Refused } from '@parley/chat-state';
import { ApiError, invalidField, notFound } from '../http/api-error';

const ANSWERS: Readonly<Record<RefusalReason, (state: string) => ApiError>> = {
  not_found: () => notFound('chat'),
  already_exists: () => new ApiError(409, 'A chat with this id already exists.'),
  archived: () => new ApiError(400, 'The chat is archived: unarchive it first.'),
  illegal_transition: (state) => new ApiError(409, `The chat cannot do this now: it is in state "${state}".`),
  queue_full: () => new ApiError(429, 'The queue of the chat is full: wait until it has answered.'),
  queued_message_not_found: () => notFound('queued message'),
  message_not_found: () => notFound('message'),
  not_a_user_message: () => invalidField('message', 'is not a message of the user: only those can be edited'),
  nothing_to_clear: () => new ApiError(409, 'There is nothing to clear.'),
  nothing_to_compact: () => new ApiError(409, 'There is nothing to compact.'),
  results_do_not_match: () =>
    invalidField('results', 'must answer each of the open tool calls exactly once, and no others'),
  not_a_root: () => new ApiError(400, 'This is a child chat: only a root chat can do this.'),
  parent_not_found: () => notFound('parent chat'),
};

export function toRefusal(refused: Pick<Refused, 'reason'> & { state?: string }): ApiError {
  return ANSWERS[refused.reason](refused.state ?? 'unknown');
}
