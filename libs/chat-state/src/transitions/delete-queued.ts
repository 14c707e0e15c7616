/** A queued message is taken back before it ran. */
import { applyTransition } from '../apply-transition';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Refused } from '../types';
import { QUEUE_ITEM, QUEUE_REST } from './queue-item';

export interface DeleteQueuedInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  queuedMessageId: number;
}

const DELETE_QUEUED = transitionStatement('delete_queued', {
  when: `l.owner_id = coalesce($2, l.owner_id) and not l.archived and ${QUEUE_ITEM} is not null`,
  queue: QUEUE_REST,
});

/** Takes a message out of the queue. */
export function deleteQueued(store: ChatStore, input: DeleteQueuedInput): Promise<Done | Refused> {
  return applyTransition(store, {
    transition: 'delete_queued',
    statement: DELETE_QUEUED,
    values: [input.chatId, input.ownerId ?? null, input.queuedMessageId],
    ownerId: input.ownerId,
    otherwise: 'queued_message_not_found',
  });
}
