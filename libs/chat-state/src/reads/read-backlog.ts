/** How much work waits for a worker. One look at the small index that the sweep uses too (chats_unowned_work). */
import { sql, type Queryable } from '@parley/database';
import { isRunnable } from '../transitions/acquire';

export interface Backlog {
  /** Runnable chats that nobody owns. */
  count: number;
  /** For how long the oldest of them has been waiting, on the database's clock; 0 when there is none. */
  oldestMs: number;
}

const READ_BACKLOG = sql(
  'read_backlog',
  `select count(*)::integer as count,
  coalesce(greatest(extract(epoch from now() - min(c.updated_at)) * 1000, 0), 0)::double precision as oldest_ms
from chats c
where c.worker_id is null and c.status in ('running', 'interrupting', 'requires_action') and ${isRunnable('c')}`,
);

/** Chats of dead workers are not among them until they are given back. */
export async function readBacklog(database: Queryable): Promise<Backlog> {
  const [row] = await database.query<{ count: number; oldest_ms: number }>(READ_BACKLOG, []);
  return { count: row?.count ?? 0, oldestMs: row?.oldest_ms ?? 0 };
}
