/**
 * Runs one load from its first chat to the last reread row. The order: measure, create storm, barrier, follow-ups (with a fault in
 * between, if planned), measure again; and then, off the clock, let the viewers catch up and read every history for the oracle.
 * Being told to stop ends the turns, not the reckoning.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '@parley/llmmock';
import { arrivalTimes } from '../arrivals/arrivals';
import { FAULTS, type FaultName, KILLS_WORKERS } from '../chaos/faults';
import { RecordedControls } from '../chaos/recorded-controls';
import { RecoveryWatch } from '../chaos/recovery-watch';
import type { ChatSession } from '../generator/chat-session';
import type { DeliveryCounts } from '../generator/delivery';
import type { ServerErrors } from '../generator/server-errors';
import { RunAbortedError, TurnFailedError } from '../generator/errors';
import type { Turn } from '../generator/turn';
import type { StatementReader } from '../measure/sql-usage';
import { dealScenarios, type ScenarioName, SCENARIOS } from '../scenarios/mix';
import type { ChaosControls, Target } from '../system/target';
import { Barrier } from './barrier';
import type { Strike } from './chaos-strike';
import type { LoadOutcome, StreamTotals } from './load-outcome';
import type { LoadPlan } from './load-plan';
import { Measurements } from './measurements';
import { readAllHistories } from './reread';
import { ClosedLoop, OpenLoop, type Slots } from './slots';

export interface LoadRunOptions {
  readonly plan: LoadPlan;
  readonly target: Target;
  readonly sql: StatementReader | null;
  readonly seed: string;
  readonly signal: AbortSignal;
  readonly openSession: (wish: { index: number; scenario: ScenarioName }) => ChatSession;
  readonly serverErrors: ServerErrors;
  readonly counts: DeliveryCounts;
}

const STRIKE_AFTER_SHARE = 0.25;

export class LoadRun {
  readonly sessions: ChatSession[] = [];
  private readonly measurements: Measurements;
  private readonly barrier: Barrier;
  private readonly loop: { start(): void; slotsFor(): Slots; worstBacklog: number };
  private readonly scenarioFailures: string[] = [];
  private strike: Promise<Strike> | null = null;
  /** The load has ended: a fault that goes on is mended. */
  private readonly over = new AbortController();
  private startedAtMs = 0;
  private releasedAtMs: number | null = null;
  private createEndedAtMs = 0;

  constructor(private readonly options: LoadRunOptions) {
    const { plan, target, sql } = options;
    this.measurements = new Measurements(target, sql);
    this.barrier = new Barrier(plan.chats, () => this.between());
    this.loop = this.makeLoop();
  }

  get turns(): Turn[] {
    return this.sessions.flatMap(({ turns }) => turns);
  }

  async run(): Promise<LoadOutcome> {
    const { plan, seed, signal, counts, serverErrors } = this.options;
    const scenarios = dealScenarios(plan.mix, plan.chats, createRandom(`${seed}/mix`));
    serverErrors.take();
    await this.measurements.start();
    this.startedAtMs = performance.now();
    await Promise.all(scenarios.map((scenario, index) => this.drive({ index, scenario })));
    this.over.abort();
    const strike = await this.strike;
    const endedAtMs = Math.max(this.startedAtMs, ...this.turns.map(({ doneAtMs }) => doneAtMs));
    const measured = await this.measurements.stop();
    const wasAborted = signal.aborted;
    const chats = this.sessions.flatMap((session) => [session, ...session.subagents.sessions]);
    await readAllHistories(chats);
    return {
      plan,
      turns: this.turns,
      chats: chats.filter(({ chatId }) => chatId !== '').map((session) => session.evidence.observation()),
      measured,
      streams: this.streamTotals(),
      counts,
      serverErrors: serverErrors.take(),
      strike,
      startedAtMs: this.startedAtMs,
      releasedAtMs: this.releasedAtMs,
      createEndedAtMs: this.createEndedAtMs,
      endedAtMs,
      worstBacklog: this.loop.worstBacklog,
      scenarioFailures: this.scenarioFailures,
      wasAborted,
    };
  }

  close(): void {
    for (const session of this.sessions) session.close();
  }

  private async drive(wish: { index: number; scenario: ScenarioName }): Promise<void> {
    const session = this.options.openSession(wish);
    this.sessions.push(session);
    const scenario = SCENARIOS[wish.scenario];
    let hasArrived = false;
    const arrive = (): void => {
      if (!hasArrived) this.barrier.arrive();
      hasArrived = true;
    };
    try {
      await scenario.open(session, this.startedAtMs);
      arrive();
      if (this.options.plan.hasBarrier) await this.barrier.untilReleased();
      const slots = this.loop.slotsFor();
      for (let slot = await slots.next(); slot !== null; slot = await slots.next())
        await scenario.act(session, slot);
    } catch (error) {
      this.note(wish.scenario, error);
    } finally {
      arrive();
    }
  }

  /** A turn that failed is in the evidence already. */
  private note(scenario: string, error: unknown): void {
    if (error instanceof TurnFailedError || error instanceof RunAbortedError) return;
    if (this.options.signal.aborted) return;
    this.scenarioFailures.push(`${scenario}: ${error instanceof Error ? error.message : String(error)}`);
  }

  /** All chats are there; nobody goes on before this resolves, when there is a barrier. */
  private async between(): Promise<void> {
    const { plan, signal } = this.options;
    this.createEndedAtMs = performance.now();
    if (plan.hasBarrier) {
      await this.measurements.atBarrier();
      if (plan.barrierDelayMs > 0)
        await delay(plan.barrierDelayMs, undefined, { signal }).catch(() => undefined);
      this.releasedAtMs = performance.now();
      this.loop.start();
    }
    if (plan.fault !== undefined) this.strike = this.carryOut(plan.fault);
  }

  private async carryOut(fault: FaultName): Promise<Strike> {
    const { plan, target } = this.options;
    const signal = AbortSignal.any([this.options.signal, this.over.signal]);
    await delay((plan.durationMs ?? 0) * STRIKE_AFTER_SHARE, undefined, { signal }).catch(() => undefined);
    if (target.chaos !== undefined) return this.strikeAt(target.chaos, fault, signal);
    const atMs = performance.now();
    const failure = 'this deployment is not ours to break';
    return { struckAtMs: atMs, mendedAtMs: atMs, blows: [], busCounts: null, recoveries: null, failure };
  }

  private async strikeAt(chaos: ChaosControls, fault: FaultName, signal: AbortSignal): Promise<Strike> {
    const watch = this.watchOf(chaos, fault);
    const controls = new RecordedControls(chaos, watch);
    const struckAtMs = performance.now();
    let failure: string | undefined;
    try {
      if (!signal.aborted) await FAULTS[fault].strike(controls, signal);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    }
    const mendedAtMs = performance.now();
    controls.end();
    const busCounts = controls.busCounts();
    // What a worker rested with when it was killed may get work as long as there is load.
    if (watch !== undefined && !signal.aborted) await once(signal, 'abort');
    const recoveries = (await watch?.end()) ?? null;
    return { struckAtMs, mendedAtMs, blows: controls.blows, busCounts, recoveries, failure };
  }

  private watchOf(chaos: ChaosControls, fault: FaultName): RecoveryWatch | undefined {
    const { databaseUrl: url } = this.options.target;
    if (url === undefined || !KILLS_WORKERS.has(fault)) return undefined;
    return new RecoveryWatch({ url, workerIdOf: (index) => chaos.workerId(index) });
  }

  private makeLoop(): { start(): void; slotsFor(): Slots; worstBacklog: number } {
    const { plan, seed, signal } = this.options;
    if (plan.arrivals !== undefined) {
      const open = new OpenLoop(arrivalTimes(plan.arrivals, createRandom(`${seed}/arrivals`)), signal);
      return {
        start: () => open.start(),
        slotsFor: () => open,
        get worstBacklog() {
          return open.worstBacklog;
        },
      };
    }
    const closed = new ClosedLoop({
      signal,
      ...(plan.turns === undefined ? {} : { turns: plan.turns - 1 }),
      ...(plan.durationMs === undefined ? {} : { durationMs: plan.durationMs }),
    });
    return { start: () => closed.start(), slotsFor: () => closed.forChat(), worstBacklog: 0 };
  }

  private streamTotals(): StreamTotals {
    const totals: StreamTotals = {
      bytes: 0,
      events: 0,
      reconnects: 0,
      episodes: 0,
      cutByCommit: 0,
      platformRetries: 0,
    };
    for (const viewer of this.sessions.flatMap(({ viewers }) => viewers)) {
      totals.bytes += viewer.bytes;
      totals.events += viewer.events;
      totals.reconnects += viewer.reconnects;
      totals.episodes += viewer.fold.episodes;
      totals.cutByCommit += viewer.fold.cutByCommit;
      totals.platformRetries += viewer.fold.retries;
    }
    return totals;
  }
}
