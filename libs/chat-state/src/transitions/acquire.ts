/**
 * A worker takes a chat. The fresh `runner_id` fences out whoever had it before.
 *
 * The lease of the present owner is read beside the lock, as of the statement's start. That is safe: the worst a stale look can do is
 * to take a chat from a live worker, whose next write is then stale. Its own chats a worker may take again, for when it lost
 * track of one (the answer to an acquire never came).
 */
import { applyFenced } from '../apply-transition';
import { batchedTransition, type TransitionParts } from '../transition-statement';
import type { ChatHead, ChatStore } from '../types';

export interface AcquireInput {
  workerId: string;
  chatId: string;
}

/** There is something to do for a worker: a turn, the end of an interrupted one, or an action whose deadline has passed. */
export const isRunnable = (chat: string) =>
  `(${chat}.status in ('running', 'interrupting') or ${chat}.action_deadline_at <= now())`;

/** What an acquire does to a row. An earlier runner may have begun an attempt on this history: the new one gets its own number. */
export const taking = (workerId: string) =>
  ({
    worker: workerId,
    runner: 'gen_random_uuid()',
    attempt: "l.generation_attempt + (l.status = 'running' and l.worker_id is not null)::integer",
  }) satisfies Partial<TransitionParts>;

const ACQUIRE = batchedTransition('acquire', ['uuid', 'uuid'], {
  when: `${isRunnable('l')} and (l.worker_id is null or l.worker_id = $2::uuid
    or exists (select from workers where id = l.worker_id and lease_expires_at <= now()))`,
  ...taking('$2::uuid'),
});

/** Takes a runnable chat that is unowned, own, or whose owner lost its lease. Null when there is nothing to take. */
export async function acquire(store: ChatStore, input: AcquireInput): Promise<ChatHead | null> {
  const done = await applyFenced(store, { statement: ACQUIRE, values: [input.chatId, input.workerId] });
  return done.ok ? done.chat : null;
}
