/**
 * The loop of gitsync: every ten seconds it claims what is due, the longest waiting first, and refreshes it. Jobs and diff requests go
 * through the same claims, so that no row is asked for twice at once, by whatever number of replicas.
 *
 * A plain class: `start` is `tick` in a loop, tests call `tick`. At a stop nothing new begins, calls in flight are aborted, and their
 * rows are given back at once. A process that dies instead costs its rows the rest of the lease.
 */
import type { Clock, GitDiffReply } from '@parley/contracts';
import type { Database } from '@parley/database';
import { claimChat, claimDue, readDiff } from '@parley/diff-status';
import { toDiffReply } from './diff-reply';
import type { GitsyncMetrics } from './metrics';
import type { GitsyncLogger, Refreshed, Refresher } from './refresh/refresher';

export const TICK_MS = 10_000;
export const BATCH_SIZE = 50;
/** Longer than the interval, so that slow calls have headroom. */
const TICK_TIMEOUT_MS = 30_000;
/** A job refreshes a row that is marked again and again so often, then leaves it to the tick. */
const MAX_ROUNDS = 3;
const CLAIM_RETRY_MS = 250;
const CLAIM_PATIENCE_MS = 5_000;
const MAX_DIFF_REQUESTS = 100;

export interface GitsyncWorkerOptions {
  readonly database: Database;
  readonly refresher: Refresher;
  readonly clock: Clock;
  readonly createId: () => string;
  readonly logger: GitsyncLogger;
  readonly metrics: GitsyncMetrics;
}

export class GitsyncWorker {
  private readonly stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private diffRequests = 0;

  constructor(private readonly options: GitsyncWorkerOptions) {}

  start(): void {
    this.loop = this.run();
  }

  /** Resolves when the loop has ended. Requests still in flight end with it, by the aborted signal. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  /** Claims and refreshes until nothing is due, or the time of a tick is over. Returns how many rows it refreshed. */
  async tick(): Promise<number> {
    const { database, refresher, createId, metrics } = this.options;
    const startedAt = performance.now();
    const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(TICK_TIMEOUT_MS)]);
    let count = 0;
    for (let seen = BATCH_SIZE; seen === BATCH_SIZE && !signal.aborted;) {
      const claimed = await claimDue(database, { claimId: createId(), now: this.now(), limit: BATCH_SIZE });
      seen = claimed.seen;
      count += (await refresher.refresh(claimed.claims, { signal })).length;
    }
    metrics.ticked((performance.now() - startedAt) / 1_000);
    return count;
  }

  /** Refreshes one chat now if it is due. Nothing happens when somebody refreshes it already. */
  async refreshChat(chatId: string): Promise<void> {
    const { database, refresher, createId } = this.options;
    const { signal } = this.stopping;
    for (let round = 0; round < MAX_ROUNDS && !signal.aborted; round += 1) {
      const claim = await claimChat(database, {
        chatId,
        claimId: createId(),
        now: this.now(),
        onlyIfDue: true,
      });
      if (claim === null) return;
      const [refreshed] = await refresher.refresh([claim], { signal });
      if (refreshed?.isDue !== true) return;
    }
  }

  /** Refreshes one chat and its diff, whether due or not; waits a little for a refresh under way. */
  async refreshDiff(chatId: string): Promise<GitDiffReply> {
    if (this.diffRequests >= MAX_DIFF_REQUESTS) return { result: 'busy' };
    this.diffRequests += 1;
    try {
      const refreshed = await this.claimAndRefresh(chatId);
      return typeof refreshed === 'string' ? { result: refreshed } : toDiffReply(refreshed);
    } finally {
      this.diffRequests -= 1;
    }
  }

  private async claimAndRefresh(chatId: string): Promise<Refreshed | 'busy' | 'no_git_ref'> {
    const { database, refresher, clock, createId } = this.options;
    const { signal } = this.stopping;
    for (let waitedMs = 0; waitedMs <= CLAIM_PATIENCE_MS && !signal.aborted; waitedMs += CLAIM_RETRY_MS) {
      const claim = await claimChat(database, {
        chatId,
        claimId: createId(),
        now: this.now(),
        onlyIfDue: false,
      });
      if (claim !== null) {
        const [refreshed] = await refresher.refresh([claim], { signal, withDiff: true });
        return refreshed ?? 'busy';
      }
      if ((await readDiff(database, chatId)) === null) return 'no_git_ref';
      await clock.sleep(CLAIM_RETRY_MS, { name: 'gitsync-claim', signal }).catch(ignoreAbort);
    }
    return 'busy';
  }

  private async run(): Promise<void> {
    const { clock, logger } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        await this.tick();
      } catch (error) {
        logger.warn({ err: error }, 'A tick failed');
      }
      await clock.sleep(TICK_MS, { name: 'gitsync-tick', signal }).catch(ignoreAbort);
    }
  }

  private now(): Date {
    return new Date(this.options.clock.now());
  }
}

/** A sleep ends early only by the signal that its loop looks at. */
const ignoreAbort = (): void => undefined;
