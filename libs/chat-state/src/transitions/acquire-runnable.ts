/**
 * The sweep: the net under lost `chat.ready` hints, and the way to the chats of dead workers.
 *
 * Candidates are the runnable chats that nobody owns, and those whose owner's lease has expired; both come from small partial indexes,
 * so an idle sweep costs next to nothing. Owners take turns (everybody's oldest chat, then everybody's second, …), so that one
 * owner's thousand chats do not starve another's one. Rows that somebody else is just changing are skipped, not waited for, and do
 * not count towards the limit.
 *
 * What this worker owns already is not among them: a worker that missed the wake of its own chat finds it by
 * `readOwnedRunnable`, which changes nothing, and goes on with the runner it has.
 */
import { applyToMany } from '../apply-transition';
import { LOCKED, transitionStatement } from '../transition-statement';
import type { ChatHead, ChatStore } from '../types';
import { isRunnable, taking } from './acquire';

export interface AcquireRunnableInput {
  workerId: string;
  limit: number;
}

const IS_WORK = "c.status in ('running', 'interrupting', 'requires_action')";

const ACQUIRE_RUNNABLE = transitionStatement('acquire_runnable', {
  before: `free as (
  select c.id, c.version, c.owner_id, c.updated_at from chats c
  where c.worker_id is null and ${IS_WORK} and ${isRunnable('c')}
  union all
  select c.id, c.version, c.owner_id, c.updated_at from workers dead join chats c on c.worker_id = dead.id
  where dead.lease_expires_at <= now() and dead.id <> $1::uuid and ${IS_WORK} and ${isRunnable('c')}
),
ranked as (
  select id, version, updated_at, row_number() over (partition by owner_id order by updated_at, id) as turn from free
)`,
  // One look-up by key for each candidate, in their order, until there are enough. The version says that the locked row is
  // still the one that was ranked.
  lock: `(select id, version from ranked order by turn, updated_at) r cross join lateral (
    select ${LOCKED} from chats c where c.id = r.id and c.version = r.version for no key update skip locked) c
  limit $2`,
  when: 'true',
  ...taking('$1::uuid'),
});

/** Takes up to `limit` runnable chats that nobody alive owns. */
export async function acquireRunnable(store: ChatStore, input: AcquireRunnableInput): Promise<ChatHead[]> {
  const taken = await applyToMany(store, {
    statement: ACQUIRE_RUNNABLE,
    values: [input.workerId, input.limit],
  });
  return taken.map((done) => done.chat);
}
