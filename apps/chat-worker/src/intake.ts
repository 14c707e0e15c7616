/**
 * How chats come to a worker: one by one when it is woken, and in batches by its sweep.
 *
 * Refuses when there is no place, no lease, or the worker is stopping; then the chat stays runnable for others, or for later. A
 * worker may take its own chat again (it could have lost track of it), which would fence out the runner it has: so a wake-up
 * waits for the sweep's statement under way, and the sweep for those of wake-ups, and only chats without a runner are taken.
 */
import {
  acquire,
  acquireRunnable,
  readOwnedRunnable,
  type ChatHead,
  type ChatStore,
} from '@parley/chat-state';
import type { Lease } from './lease';
import type { WorkerMetrics } from './metrics';
import type { Roster } from './roster';

export interface IntakeOptions {
  readonly store: ChatStore;
  readonly lease: Lease;
  readonly roster: Roster;
  readonly metrics: WorkerMetrics;
  /** Chats taken by one statement of the sweep. */
  readonly batchSize: number;
  readonly onFailure: (error: unknown) => void;
}

export class Intake {
  private readonly taking = new Map<string, Promise<void>>();
  /** Statements of wake-ups under way. */
  private readonly acquiring = new Set<Promise<unknown>>();
  private sweeping: Promise<void> | null = null;
  private isClosed = false;
  /** Chats were left to others, or to later, for want of a place. */
  private hasDeclined = false;

  constructor(private readonly options: IntakeOptions) {}

  /** Whether a place that becomes free should be filled at once. */
  get isWanted(): boolean {
    return this.hasDeclined && !this.isClosed;
  }

  /** A chat is said to be runnable and unowned. Resolves when it was taken, or not; never rejects. */
  async offer(chatId: string, version: number): Promise<void> {
    const before = this.taking.get(chatId);
    const taken = this.take({ chatId, version, before });
    this.taking.set(chatId, taken);
    await taken;
    if (this.taking.get(chatId) === taken) this.taking.delete(chatId);
  }

  /** Takes runnable chats as long as there are some and there are places. @throws the driver's error */
  async sweep(): Promise<void> {
    while (this.sweeping !== null) await this.sweeping;
    const sweep = this.takeRunnable();
    this.sweeping = sweep.catch(() => undefined).finally(() => (this.sweeping = null));
    await sweep;
  }

  /** Looks whether a wake-up for an owned chat was lost, or the deadline of one at rest has passed: the row tells. @throws the driver's error */
  async checkOwned(): Promise<void> {
    const { lease, roster, store } = this.options;
    if (roster.count === 0 || !lease.isHeld()) return;
    const owned = await readOwnedRunnable(store.database, { workerId: lease.workerId });
    for (const { chatId, version } of owned) {
      const runner = roster.find(chatId);
      if (runner === undefined) await this.offer(chatId, version);
      else if (runner.version < version) runner.wake({ version });
      else if (runner.restingSince !== null && runner.version === version) runner.deadlinePassed();
    }
  }

  /** Takes nothing more. Resolves when nothing is under way. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([this.sweeping, ...this.taking.values()]);
  }

  private get mayTake(): boolean {
    return !this.isClosed && this.options.lease.isHeld();
  }

  private async take(offer: {
    chatId: string;
    version: number;
    before: Promise<void> | undefined;
  }): Promise<void> {
    const { lease, metrics, onFailure, roster, store } = this.options;
    const { chatId, version, before } = offer;
    await before;
    while (this.sweeping !== null) await this.sweeping;
    const runner = roster.find(chatId);
    if (runner !== undefined && !runner.isLeaving) return runner.wake({ version });
    if (runner !== undefined) {
      await roster.ended(runner);
      return this.take({ ...offer, before: undefined });
    }
    if (!this.mayTake) return;
    if (roster.freePlaces === 0) {
      this.hasDeclined = true;
      return;
    }
    const giveUp = roster.reserve(1);
    const { workerId } = lease;
    const acquired = acquire(store, { workerId, chatId });
    this.acquiring.add(acquired);
    try {
      const head = await acquired.finally(giveUp);
      if (head === null) return;
      metrics.recovered([head].filter(isTakeover).length);
      this.startRunner(head, workerId);
      metrics.acquired('wake', 1);
    } catch (error) {
      onFailure(error);
    } finally {
      this.acquiring.delete(acquired);
    }
  }

  private async takeRunnable(): Promise<void> {
    const { batchSize, lease, metrics, roster, store } = this.options;
    await Promise.allSettled(this.acquiring);
    let areMoreLikely = false;
    for (;;) {
      const limit = Math.min(batchSize, roster.freePlaces);
      if (!this.mayTake) return;
      if (limit === 0) {
        this.hasDeclined ||= areMoreLikely;
        return;
      }
      const giveUp = roster.reserve(limit);
      const { workerId } = lease;
      const heads = await acquireRunnable(store, { workerId, limit }).finally(giveUp);
      for (const head of heads) this.startRunner(head, workerId);
      metrics.acquired('sweep', heads.length);
      metrics.recovered(heads.filter(isTakeover).length);
      // As long as there are places nobody is kept out: follow-ups given back now would fill the next batches, and so on for ever.
      this.hasDeclined = false;
      areMoreLikely = heads.length === limit;
      if (!areMoreLikely) return;
    }
  }

  /** What was acquired under an id given up meanwhile is left to its expired lease. */
  private startRunner(head: ChatHead, workerId: string): void {
    const { runnerId } = head;
    if (runnerId !== null && workerId === this.options.lease.workerId)
      this.options.roster.start({ ...head, runnerId });
  }
}

/** Somebody had begun this attempt, and is gone: an acquire counted it, not a retry. */
function isTakeover({ generationAttempt, retry }: ChatHead): boolean {
  return generationAttempt > (retry?.attempt ?? 0);
}
