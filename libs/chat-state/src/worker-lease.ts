import type { Queryable } from '@parley/database';

/** How often a worker renews, and how long a lease lasts without. */
export const HEARTBEAT_MS = 2_000;
export const LEASE_MS = 6_000;

/** Registers a worker, or renews its lease from the database's now on. A worker must hold one before it acquires. */
export function renewLease(
  _database: Queryable,
  _input: { workerId: string; hostname: string; leaseMs: number },
): Promise<void> {
  return Promise.reject(new Error('renewLease is being written'));
}

/** Ends the lease at once: whatever the worker still owns may be taken by others. */
export function retireWorker(_database: Queryable, _workerId: string): Promise<void> {
  return Promise.reject(new Error('retireWorker is being written'));
}
