/** From the evidence of a load to its numbers. Pure. */
import type { Turn } from '../generator/turn';
import { LatencyHistogram, type LatencySummary } from '../latency-histogram';
import { recoveryOf } from '../load/chaos-strike';
import { recoveriesOf } from './recoveries';
import type { LoadOutcome } from '../load/load-outcome';
import type { Measured } from '../load/measurements';
import { FAULTS } from '../chaos/faults';
import { type IdleRates, sqlCost } from '../measure/sql-cost';
import type { LedgerCalls } from '../oracle/ledger-call';
import type { Verdict } from '../oracle/judge';
import type { LoadReport } from './schema';
import { timelineOf } from './timeline';

export interface SumUpInput {
  readonly outcome: LoadOutcome;
  readonly verdict: Verdict;
  readonly calls: LedgerCalls | null;
  readonly idle: IdleRates;
  /** Answers with a 5xx that the fault of the load explains. */
  readonly explainedErrors: number;
}

/** In which a turn is sent into a chat at rest and simply waited for: others wait for people or for turns before them. */
const TIMED_SCENARIOS: ReadonlySet<string> = new Set([
  'plain',
  'long-history',
  'archive',
  'many-viewers',
  'slow-readers',
]);
/** The processes of the platform itself. */
const SERVICES = ['gateway', 'chat-worker', 'stream-relay', 'standalone'];
/** This very process. */
const GENERATOR = 'generator';
const MAX_EXAMPLES = 100;
const MIB = 1024 * 1024;

export function sumUp(input: SumUpInput): LoadReport {
  const { outcome, verdict, calls, idle } = input;
  const { plan, turns, measured, streams, counts } = outcome;
  const ended = turns.filter(({ outcome: how }) => how === 'done');
  const elapsedS = round(activeMs(outcome) / 1000, 3);
  const perTurn = (value: number): number => (ended.length === 0 ? 0 : round(value / ended.length, 3));
  return {
    load: plan.name,
    turns: ended.length,
    elapsed_s: elapsedS,
    turns_per_s: elapsedS === 0 ? 0 : round(ended.length / elapsedS, 1),
    plan: { ...plan },
    phases: phasesOf(outcome, ended),
    overhead_ms: overheadOf(ended, calls),
    latency_ms: {
      create: latenciesOf(ended.filter(({ phase }) => phase === 'create')),
      follow_up: latenciesOf(ended.filter(({ phase }) => phase === 'follow_up')),
    },
    stall_ms: summaryOf(ended.map(({ worstGapMs }) => worstGapMs).filter((gapMs) => gapMs > 0)),
    sql: sqlOf(outcome, ended, idle),
    bus: busOf(outcome, perTurn),
    cpu_ms_per_turn: cpuOf(outcome, perTurn),
    rss_mb: Object.fromEntries(
      Object.entries(measured.usage).map(([group, { peakRssBytes }]) => [
        group,
        round(peakRssBytes / MIB, 1),
      ]),
    ),
    processes: measured.processes.map(({ name, group, cpuMs, peakRssBytes }) => ({
      name,
      group,
      cpu_ms_per_turn: perTurn(ownOr(measured)(group, cpuMs)),
      peak_rss_mb: round(peakRssBytes / MIB, 1),
    })),
    wire_bytes_per_turn: perTurn(streams.bytes),
    streams: {
      reconnects: streams.reconnects,
      events_per_turn: perTurn(streams.events),
      episodes: streams.episodes,
      cut_by_commit: streams.cutByCommit,
      platform_retries: streams.platformRetries,
    },
    calls: {
      retries: counts.retries,
      rate_limited: counts.rateLimited,
      must_be_limited: plan.mustBeLimited ?? false,
      confirmed: counts.confirmed,
      server_errors: outcome.serverErrors.errors.length + outcome.serverErrors.beyond,
    },
    services: measured.services.map(({ service, samples }) => ({ service, samples: [...samples] })),
    stream_reads: measured.streamReads.map(({ service, whole, followUp }) => ({
      service,
      whole,
      follow_up: followUp,
    })),
    oracle: oracleOf(outcome, verdict, calls !== null),
    chaos: chaosOf(input),
    generator: {
      cpu_ms_per_turn: perTurn(measured.generator.cpuMs),
      max_cpu_ms_per_turn: plan.maxGeneratorCpuMs ?? null,
      cpu_share: round(measured.generator.cpuShare, 3),
      loop_delay_p50_ms: round(measured.generator.loopDelayP50Ms, 2),
      loop_delay_p99_ms: round(measured.generator.loopDelayP99Ms, 2),
      loop_delay_max_ms: round(measured.generator.loopDelayMaxMs, 2),
      void_because: measured.generator.voidBecause,
      worst_backlog: outcome.worstBacklog,
    },
    timeline: timelineOf(ended, outcome.startedAtMs),
    repeats: [],
    repeat_runs: [],
    budget: null,
  };
}

/** Without the pause at the barrier. */
function activeMs({ startedAtMs, endedAtMs, createEndedAtMs, releasedAtMs }: LoadOutcome): number {
  const pauseMs = releasedAtMs === null ? 0 : releasedAtMs - createEndedAtMs;
  return Math.max(0, endedAtMs - startedAtMs - pauseMs);
}

function phasesOf(outcome: LoadOutcome, ended: readonly Turn[]): LoadReport['phases'] {
  const { startedAtMs, createEndedAtMs, releasedAtMs, endedAtMs } = outcome;
  const phase = (name: Turn['phase'], ms: number): LoadReport['phases']['create'] => {
    const turns = ended.filter((turn) => turn.phase === name).length;
    return {
      turns,
      elapsed_s: round(ms / 1000, 3),
      turns_per_s: ms <= 0 ? 0 : round((turns * 1000) / ms, 1),
    };
  };
  return {
    create: phase('create', Math.max(0, createEndedAtMs - startedAtMs)),
    follow_up: phase('follow_up', Math.max(0, endedAtMs - (releasedAtMs ?? startedAtMs))),
  };
}

function overheadOf(ended: readonly Turn[], calls: LedgerCalls | null): LoadReport['overhead_ms'] {
  const turn = new LatencyHistogram();
  const beyondMock = new LatencyHistogram();
  const firstToken = new LatencyHistogram();
  for (const { order, scenario, intendedAtMs, doneAtMs, firstPartAtMs } of ended) {
    if (!TIMED_SCENARIOS.has(scenario)) continue;
    firstToken.record(firstPartAtMs - intendedAtMs - order.shape.firstByteMs);
    const ofTurn = calls?.byKey.get(order.key) ?? [];
    // A step that was generated twice says nothing of the usual cost.
    if (ofTurn.length !== order.toolSteps.length + 1) continue;
    const sum = (of: 'scheduleMs' | 'durationMs'): number =>
      ofTurn.reduce((total, call) => total + call[of], 0);
    turn.record(doneAtMs - intendedAtMs - sum('scheduleMs'));
    beyondMock.record(doneAtMs - intendedAtMs - sum('durationMs'));
  }
  return {
    turn: turn.summary(),
    turn_beyond_mock: beyondMock.summary(),
    first_token: firstToken.summary(),
  };
}

function latenciesOf(turns: readonly Turn[]): LoadReport['latency_ms']['create'] {
  const timed = turns.filter(({ scenario }) => TIMED_SCENARIOS.has(scenario));
  return {
    call: summaryOf(turns.map(({ acceptedAtMs, intendedAtMs }) => acceptedAtMs - intendedAtMs)),
    first_token: summaryOf(timed.map(({ firstPartAtMs, intendedAtMs }) => firstPartAtMs - intendedAtMs)),
    turn: summaryOf(timed.map(({ doneAtMs, intendedAtMs }) => doneAtMs - intendedAtMs)),
  };
}

function summaryOf(values: readonly number[]): LatencySummary | null {
  const histogram = new LatencyHistogram();
  for (const value of values) histogram.record(value);
  return histogram.summary();
}

function sqlOf({ measured }: LoadOutcome, ended: readonly Turn[], idle: IdleRates): LoadReport['sql'] {
  if (measured.sql === null) return null;
  const { start, barrier, end } = measured.sql;
  const whole = sqlCost({ before: start, after: end, turns: ended.length, idle });
  const count = (phase: Turn['phase']): number => ended.filter((turn) => turn.phase === phase).length;
  const part = (before: typeof start, after: typeof start, phase: Turn['phase']) => {
    const cost = sqlCost({ before, after, turns: count(phase), idle });
    return { ...cost, by_query: [...cost.by_query] };
  };
  return {
    source: start.source,
    statements_per_turn: whole.statements_per_turn,
    rows_per_turn: whole.rows_per_turn,
    wal_bytes_per_turn: whole.wal_bytes_per_turn,
    create: barrier === null ? null : part(start, barrier, 'create'),
    follow_up: barrier === null ? null : part(barrier, end, 'follow_up'),
    by_query: [...whole.by_query],
  };
}

function busOf({ measured }: LoadOutcome, perTurn: (value: number) => number): LoadReport['bus'] {
  if (measured.bus === null) return null;
  const { before, after } = measured.bus;
  return {
    messages_in_per_turn: perTurn(after.messagesIn - before.messagesIn),
    messages_out_per_turn: perTurn(after.messagesOut - before.messagesOut),
    bytes_in_per_turn: perTurn(after.bytesIn - before.bytesIn),
    bytes_out_per_turn: perTurn(after.bytesOut - before.bytesOut),
    slow_consumers: after.slowConsumers - before.slowConsumers,
  };
}

/** Of this process its own account: what it spends on looking at the others before and after the load is no part of a turn. */
const ownOr =
  ({ generator }: Measured) =>
  (group: string, cpuMs: number): number =>
    group === GENERATOR ? generator.cpuMs : cpuMs;

function cpuOf({ measured }: LoadOutcome, perTurn: (value: number) => number): Record<string, number> {
  const cpuMsOf = ownOr(measured);
  const byGroup = Object.entries(measured.usage).map(
    ([group, { cpuMs }]) => [group, perTurn(cpuMsOf(group, cpuMs))] as const,
  );
  const services = byGroup.reduce((sum, [group, ms]) => (SERVICES.includes(group) ? sum + ms : sum), 0);
  return { ...Object.fromEntries(byGroup), services: round(services, 3) };
}

function oracleOf(
  outcome: LoadOutcome,
  { findings, turnsChecked, chatsChecked, modelCalls }: Verdict,
  hasLedger: boolean,
): LoadReport['oracle'] {
  const byKind: Record<string, number> = {};
  for (const { kind } of findings) byKind[kind] = (byKind[kind] ?? 0) + 1;
  return {
    is_clean: findings.length === 0 && outcome.scenarioFailures.length === 0,
    turns_checked: turnsChecked,
    chats_checked: chatsChecked,
    has_ledger: hasLedger,
    findings: findings.length,
    model_calls: modelCalls,
    by_kind: byKind,
    examples: findings.slice(0, MAX_EXAMPLES).map(({ chatId, ...rest }) => ({ chat_id: chatId, ...rest })),
    scenario_failures: outcome.scenarioFailures.slice(0, MAX_EXAMPLES),
  };
}

function chaosOf({ outcome, verdict, explainedErrors }: SumUpInput): LoadReport['chaos'] {
  const { plan, strike, turns, endedAtMs, releasedAtMs, startedAtMs } = outcome;
  if (plan.fault === undefined || strike === null) return null;
  // After its duration the load runs out, which is no dip.
  const endsAtMs = (releasedAtMs ?? 0) + (plan.durationMs ?? endedAtMs);
  const recovery = recoveryOf(turns, strike, Math.min(endedAtMs, endsAtMs));
  return {
    fault: plan.fault,
    what: FAULTS[plan.fault].what,
    failure: strike.failure ?? null,
    mended_after_ms: Math.round(strike.mendedAtMs - strike.struckAtMs),
    turns_in_flight: recovery.turnsInFlight,
    recovered_after_ms: recovery.inFlightMs === null ? null : Math.round(recovery.inFlightMs),
    steady_after_ms: recovery.steadyMs === null ? null : Math.round(recovery.steadyMs),
    longest_silence_ms: Math.round(recovery.longestSilenceMs),
    blows: strike.blows.map(({ what, atMs, untilMs }) => ({
      what,
      at_s: secondsSince(startedAtMs, atMs),
      lasted_ms: untilMs - atMs,
    })),
    lost: {
      turns: turns.filter(({ outcome: how }) => how === 'hung' || how === 'failed').length,
      streams_cut: outcome.streams.reconnects,
      answers_cut: verdict.answersCut,
      model_calls_repeated: verdict.modelCalls?.regenerated ?? null,
      server_errors: explainedErrors,
      calls_repeated: outcome.counts.retries,
    },
    recoveries: recoveriesOf(strike.recoveries, {
      maxAllowedMs: plan.maxRecoveryMs,
      toSeconds: (atMs) => secondsSince(startedAtMs, atMs),
    }),
    bus_messages: strike.busCounts,
  };
}

/** @param atMs since the epoch, while the load's own times are by `performance.now()` */
function secondsSince(startedAtMs: number, atMs: number): number {
  return round((atMs - performance.timeOrigin - startedAtMs) / 1000, 1);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
