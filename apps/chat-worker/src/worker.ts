/**
 * The path of a message, file 3 of 6. Next: apps/chat-worker/src/turn.ts
 *
 * A worker owns runnable chats: woken by the bus or by its own sweep it acquires one and starts a runner for it; it keeps its
 * lease alive, and stops all its runners before the lease runs out if it cannot. Truth is in Postgres: with the bus away
 * the sweep alone keeps everything going, within one interval.
 *
 * `start` runs `heartbeat`, `watchLease` and `sweep` in loops on the given clock; tests call them by hand. `stop` begins no
 * new turn, lets steps finish for a while, then hands all chats over and ends the lease. Whatever was started is awaited.
 */
import { forgetWorker, readDeadWorkers, releaseAll } from '@parley/chat-state';
import { CHAT_WORKERS_GROUP, subjects, type ChatReady, type WorkerWake } from '@parley/contracts';
import { isConnectionError } from '@parley/database';
import { setImmediate } from 'node:timers/promises';
import type { TitleProposals } from './auxiliary/title-proposals';
import { Intake } from './intake';
import { Lease } from './lease';
import { Roster } from './roster';
import { Subscriptions } from './subscriptions';
import { TurnWatch, turnWatchOptions } from './observe/turn-watch';
import type { WorkerOptions } from './worker-options';
import { buildWorkerParts, type WorkerParts } from './worker-parts';

/** How often, and how long after its lease ended, a dead worker is forgotten. */
const BURY_INTERVAL_MS = 60_000;
const DEAD_FOR_MS = 60_000;

export class Worker {
  readonly roster: Roster;
  private readonly parts: WorkerParts;
  private readonly lease: Lease;
  private readonly intake: Intake;
  private readonly beats = new Set<Promise<void>>();
  private readonly sweeps = new Set<Promise<void>>();
  private readonly sweeping = new AbortController();
  private readonly beating = new AbortController();
  private readonly offers: Subscriptions;
  private mail: Subscriptions;
  private nap = new AbortController();
  private isRefillDue = false;
  private fencing: Promise<void> | null = null;

  constructor(private readonly options: WorkerOptions) {
    const watchOptions = turnWatchOptions(options);
    this.parts = buildWorkerParts(options);
    this.lease = new Lease(options);
    this.offers = this.newSubscriptions();
    this.mail = this.newSubscriptions();
    this.roster = new Roster({
      tasks: this.parts.tasks,
      now: () => options.clock.now(),
      watch: (chatId) => new TurnWatch(chatId, watchOptions),
      onHistory: (previous, change) => this.parts.transcripts.heard(previous, change),
      onPlace: () => this.onPlace(),
      isWanted: () => this.intake.isWanted,
      onCrash: (error, chatId) => options.logger.error({ err: error, chat_id: chatId }, 'A runner crashed'),
      maxWorking: options.settings.maxChats,
      maxResting: options.settings.maxIdleChats,
      restMs: options.settings.idleOwnershipMs,
    });
    this.intake = new Intake({
      store: this.parts.store,
      lease: this.lease,
      roster: this.roster,
      metrics: options.metrics,
      batchSize: options.settings.acquireBatchSize,
      onFailure: (error) => this.report('acquire a chat', error),
    });
  }

  /** What people ask for while they wait. */
  get titleProposals(): TitleProposals {
    return this.parts.auxiliary.proposals;
  }

  get workerId(): string {
    return this.lease.workerId;
  }

  get holdsLease(): boolean {
    return this.lease.isHeld();
  }

  get leaseAgeMs(): number {
    return this.lease.ageMs();
  }

  /** Resolves when the lease is held and the bus, if it is there, knows the subscriptions. @throws when Postgres refuses the lease */
  async start(): Promise<void> {
    const { clock, settings, random, bus } = this.options;
    await this.lease.renew();
    this.openMail();
    await this.parts.auxiliary.start();
    this.offers.add(
      bus.subscribe(subjects.chatReady(), (ready) => this.onReady(ready), { queue: CHAT_WORKERS_GROUP }),
    );
    if (bus.isConnected) await Promise.all([this.offers.made(), this.mail.made()]);
    this.loop(this.beats, this.beating.signal, async (stop) => {
      await clock.sleep(this.lease.heartbeatMs, { name: 'heartbeat', signal: stop });
      await this.heartbeat();
    });
    this.loop(this.beats, this.beating.signal, async (stop) => {
      await clock.sleep(Math.max(this.lease.remainingMs(), 1), { name: 'lease', signal: stop });
      await this.watchLease();
    });
    this.loop(this.sweeps, this.sweeping.signal, async (stop) => {
      await clock.sleep(BURY_INTERVAL_MS * (0.75 + random() / 2), { name: 'bury', signal: stop });
      await this.bury();
    });
    this.loop(this.sweeps, this.sweeping.signal, async (stop) => {
      await this.sweep();
      await this.refillFor(settings.sweepMs * (0.75 + random() / 2), stop);
    });
  }

  /** Hands everything over: steps under way get `graceMs` to finish. */
  async stop(graceMs: number): Promise<void> {
    this.sweeping.abort();
    this.nap.abort();
    await this.offers.close();
    await this.intake.close();
    await Promise.all(this.sweeps);
    const draining = this.roster.drain();
    await this.orAfter(graceMs, draining);
    await this.roster.stopAll();
    await draining;
    await this.parts.auxiliary.stop();
    await this.attempt('hand the chats over', () => releaseAll(this.options, { workerId: this.workerId }));
    this.beating.abort();
    await Promise.all(this.beats);
    await this.parts.stragglers.stop();
    await this.attempt('end the lease', () => this.lease.retire());
    await this.mail.close();
  }

  /** One renewal. A lease that ran out is not renewed: its chats may be others' by now. */
  async heartbeat(): Promise<void> {
    if (!this.lease.isHeld()) return this.watchLease();
    await this.attempt('renew the lease', () => this.lease.renew());
    const tookMs = this.lease.ageMs();
    if (tookMs > this.lease.heartbeatMs)
      this.options.logger.warn(
        { took_ms: Math.round(tookMs), remaining_ms: Math.round(this.lease.remainingMs()) },
        'A heartbeat was slow: Postgres or this process is overloaded',
      );
  }

  /** Stops all runners when the lease ran out, and goes on under a new id. */
  async watchLease(): Promise<void> {
    // After a stall of this process timers come first: the answer that renews the lease may have been there for long.
    if (!this.lease.isHeld()) await setImmediate();
    if (this.lease.isHeld()) return;
    this.fencing ??= this.fence().finally(() => (this.fencing = null));
    await this.fencing;
  }

  /** One round: forget what is old, take runnable chats while there are places, look after lost wake-ups. */
  async sweep(): Promise<void> {
    this.parts.episodes.expire();
    this.roster.releaseRested();
    await this.attempt('sweep', async () => {
      await this.intake.sweep();
      await this.intake.checkOwned();
    });
  }

  /** Forgets workers that died long ago. What they ran is taken over by sweeps; what they kept at rest is given back here. */
  async bury(): Promise<void> {
    await this.attempt('forget dead workers', async () => {
      const { database } = this.options;
      for (const workerId of await readDeadWorkers(database, { afterMs: DEAD_FOR_MS })) {
        await releaseAll(this.options, { workerId });
        await forgetWorker(database, workerId);
      }
    });
  }

  private onReady({ chat_id: chatId, version }: ChatReady): Promise<void> {
    return this.intake.offer(chatId, version);
  }

  private onWake(wake: WorkerWake): void | Promise<void> {
    const runner = this.roster.find(wake.chat_id);
    if (runner !== undefined && !runner.isLeaving) return runner.wake(wake);
    return this.intake.offer(wake.chat_id, wake.version);
  }

  private onPlace(): void {
    if (!this.intake.isWanted) return;
    this.isRefillDue = true;
    this.nap.abort();
  }

  private async fence(): Promise<void> {
    const { logger, metrics, clock } = this.options;
    logger.error({ worker_id: this.workerId }, 'The lease ran out: stopping all runners');
    metrics.fenced();
    this.lease.replace();
    await this.roster.stopAll();
    await this.mail.close();
    this.mail = this.newSubscriptions();
    this.openMail();
    while (!this.lease.isHeld() && !this.beating.signal.aborted) {
      await this.attempt('take a new lease', () => this.lease.renew());
      if (this.lease.isHeld()) return;
      await clock.sleep(500, { name: 'new lease', signal: this.beating.signal }).catch(() => undefined);
    }
  }

  private openMail(): void {
    const { bus } = this.options;
    this.mail.add(bus.subscribe(subjects.workerWake(this.workerId), (wake) => this.onWake(wake)));
    this.mail.add(
      bus.respond(subjects.workerEpisode(this.workerId), (request) => this.parts.episodes.answer(request)),
    );
  }

  private async orAfter(ms: number, work: Promise<void>): Promise<void> {
    const patience = new AbortController();
    const { signal } = patience;
    const timeout = this.options.clock.sleep(ms, { name: 'grace', signal }).catch(() => undefined);
    await Promise.race([work, timeout]);
    patience.abort();
    await timeout;
  }

  private loop(
    group: Set<Promise<void>>,
    stop: AbortSignal,
    round: (stop: AbortSignal) => Promise<void>,
  ): void {
    const run = async (): Promise<void> => {
      while (!stop.aborted) {
        try {
          await round(stop);
        } catch (error) {
          if (!stop.aborted) this.options.logger.error({ err: error }, 'A round of the worker failed');
        }
      }
    };
    track(group, run());
  }

  /** Sleeps until the next sweep; whenever a place becomes free that somebody waits for, fills it. */
  private async refillFor(ms: number, stop: AbortSignal): Promise<void> {
    const { clock } = this.options;
    for (const until = clock.now() + ms; clock.now() < until && !stop.aborted;) {
      if (this.isRefillDue) {
        this.isRefillDue = false;
        await this.attempt('fill free places', () => this.intake.sweep());
      } else {
        this.nap = new AbortController();
        const { signal } = this.nap;
        await clock.sleep(until - clock.now(), { name: 'sweep', signal }).catch(() => undefined);
      }
    }
  }

  /** Postgres may be away: the next round tries again. */
  private async attempt(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.report(what, error);
    }
  }

  private report(what: string, error: unknown): void {
    const level = isConnectionError(error) ? 'warn' : 'error';
    this.options.logger[level]({ err: error }, `Could not ${what}`);
  }

  private newSubscriptions(): Subscriptions {
    return new Subscriptions((error) => this.options.logger.warn({ err: error }, 'Could not subscribe'));
  }
}

function track(group: Set<Promise<void>>, promise: Promise<void>): void {
  const tracked = promise.finally(() => group.delete(tracked));
  group.add(tracked);
}
