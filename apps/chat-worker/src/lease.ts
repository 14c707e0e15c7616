/**
 * A worker's right to its chats: one heartbeat row, renewed on the database's clock, and a local deadline before it runs out.
 *
 * Whoever finds the row expired takes the chats. So the local deadline is counted on a monotonic clock from before the renewing
 * statement was sent (the database can only have counted from later), less a margin in which runners stop. A lease that was
 * lost is never renewed: the worker goes on under a new id, and what it owned under the old one is no longer its own. The
 * heartbeat has a connection of its own: behind hundreds of commits in the pool's queue it would come too late.
 */
import { retireWorker, renewLease } from '@parley/chat-state';
import type { Database } from '@parley/database';

export interface LeaseOptions {
  readonly database: Database;
  readonly hostname: string;
  readonly leaseMs: number;
  /** Milliseconds on a clock that never jumps. */
  readonly monotonicNow: () => number;
  readonly createId: () => string;
}

/** The share of a lease that is left for runners to stop in. */
const STOP_MARGIN = 1 / 6;
/** A lease survives four lost heartbeats, or a stall of as many: seconds in which a full machine neither sends nor answers one. */
const HEARTBEATS_PER_LEASE = 6;

export class Lease {
  private id: string;
  private heldUntil = Number.NEGATIVE_INFINITY;
  private renewedAt: number | null = null;

  constructor(private readonly options: LeaseOptions) {
    this.id = options.createId();
  }

  get workerId(): string {
    return this.id;
  }

  get heartbeatMs(): number {
    return Math.floor(this.options.leaseMs / HEARTBEATS_PER_LEASE);
  }

  /** Milliseconds until runners must stop; zero or less when the lease is not held. */
  remainingMs(): number {
    return this.heldUntil - this.options.monotonicNow();
  }

  isHeld(): boolean {
    return this.remainingMs() > 0;
  }

  /** Milliseconds since the newest renewal was sent; 0 before the first one. */
  ageMs(): number {
    return this.renewedAt === null ? 0 : this.options.monotonicNow() - this.renewedAt;
  }

  /** @throws the driver's error; the lease then runs on to its present deadline. */
  async renew(): Promise<void> {
    const { database, hostname, leaseMs, monotonicNow } = this.options;
    const workerId = this.id;
    const sentAt = monotonicNow();
    await renewLease(database.priority, { workerId, hostname, leaseMs });
    // An answer that came for an id given up meanwhile says nothing about the new one.
    if (workerId !== this.id) return;
    this.renewedAt = sentAt;
    this.heldUntil = Math.max(this.heldUntil, sentAt + leaseMs * (1 - STOP_MARGIN));
  }

  /** Gives up the present id for a fresh one, which holds nothing until it is renewed. */
  replace(): void {
    this.id = this.options.createId();
    this.heldUntil = Number.NEGATIVE_INFINITY;
  }

  /** Tells everyone that this worker is gone. @throws the driver's error. */
  async retire(): Promise<void> {
    this.heldUntil = Number.NEGATIVE_INFINITY;
    await retireWorker(this.options.database, this.id);
  }
}
