/**
 * Liveness is per worker, not per chat: one row that its worker renews by the database's clock.
 *
 * A worker holds a lease before it acquires (a foreign key holds that), and stops its own runners when it could not renew in time.
 * Once the lease has ended, by time or by `retireWorker`, the sweep of any other worker takes over whatever it still owns.
 */
import { sql, type Queryable } from '@parley/database';

/** How often a worker renews, and how long a lease lasts without. */
export const HEARTBEAT_MS = 2_000;
export const LEASE_MS = 6_000;

const RENEW_LEASE = sql(
  'renew_lease',
  `insert into workers (id, hostname, lease_expires_at) values ($1, $2, now() + $3 * interval '1 millisecond')
on conflict (id) do update set lease_expires_at = excluded.lease_expires_at`,
);

/** Registers a worker, or renews its lease from the database's now on. A worker must hold one before it acquires. */
export async function renewLease(
  database: Queryable,
  input: { workerId: string; hostname: string; leaseMs: number },
): Promise<void> {
  await database.query(RENEW_LEASE, [input.workerId, input.hostname, input.leaseMs]);
}

const RETIRE_WORKER = sql('retire_worker', `update workers set lease_expires_at = '-infinity' where id = $1`);

/** Ends the lease at once: whatever the worker still owns may be taken by others. */
export async function retireWorker(database: Queryable, workerId: string): Promise<void> {
  await database.query(RETIRE_WORKER, [workerId]);
}

const READ_DEAD_WORKERS = sql(
  'read_dead_workers',
  `select id from workers where lease_expires_at < now() - $1 * interval '1 millisecond' order by id`,
);

/** Workers whose lease ended more than `afterMs` ago and that were not forgotten yet. */
export async function readDeadWorkers(database: Queryable, input: { afterMs: number }): Promise<string[]> {
  const rows = await database.query<{ id: string }>(READ_DEAD_WORKERS, [input.afterMs]);
  return rows.map((row) => row.id);
}

const FORGET_WORKER = sql(
  'forget_worker',
  `delete from workers where id = $1 and lease_expires_at <= now()
  and not exists (select from chats where worker_id = $1)`,
);

/** Removes the row of a dead worker that owns nothing any more (`releaseAll` sees to that). */
export async function forgetWorker(database: Queryable, workerId: string): Promise<void> {
  await database.query(FORGET_WORKER, [workerId]);
}
