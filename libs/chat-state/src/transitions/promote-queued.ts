/**
 * A queued message goes first: at once where nothing runs (a chat in error, or one that waits for results, whose calls are then
 * answered as cancelled), else right after what runs, which is interrupted for it.
 */
import { applyTransition } from '../apply-transition';
import { toChatMessages } from '../rows/message-row';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Refused, SendResult } from '../types';
import { QUEUE_ITEM, QUEUE_REST } from './queue-item';

export interface PromoteQueuedInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  queuedMessageId: number;
}

const RUNS_NOW = "l.status in ('error', 'requires_action')";

const PROMOTE_QUEUED = transitionStatement('promote_queued', {
  when: `l.owner_id = coalesce($2, l.owner_id) and not l.archived and ${QUEUE_ITEM} is not null`,
  status: `case when ${RUNS_NOW} then 'running' else 'interrupting' end`,
  queue: `case when ${RUNS_NOW} then ${QUEUE_REST} else jsonb_build_array(${QUEUE_ITEM}) || ${QUEUE_REST} end`,
  userMessage: `case when ${RUNS_NOW} then ${QUEUE_ITEM} end`,
});

/** Runs a queued message now, or next after an interrupt of what runs. */
export async function promoteQueued(
  store: ChatStore,
  input: PromoteQueuedInput,
): Promise<Done<SendResult> | Refused> {
  const result = await applyTransition(store, {
    transition: 'promote_queued',
    statement: PROMOTE_QUEUED,
    values: [input.chatId, input.ownerId ?? null, input.queuedMessageId],
    ownerId: input.ownerId,
    otherwise: 'queued_message_not_found',
  });
  if (!result.ok) return result;
  const messages = toChatMessages(result.rows);
  const message = messages.at(-1);
  return { ...result, ...(message && { message }), messages, queued: message === undefined };
}
