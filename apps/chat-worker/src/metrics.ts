/** What the worker counts. */
import type { ChatErrorKind } from '@parley/contracts';
import type { Bus } from '@parley/bus';
import { readBacklog, type Backlog } from '@parley/chat-state';
import type { Database } from '@parley/database';
import { exposeBus, exposeDatabase, type Metrics } from '@parley/service';
import { createTurnMetrics } from './observe/turn-metrics';
import type { CallPurpose } from '@parley/spend';
import type { EndedTurn } from './observe/turn-stages';
import type { Worker } from './worker';

/** `given_up`: nobody wanted it any more, or the worker stopped. */
export type AuxiliaryOutcome = 'answered' | 'timed_out' | 'given_up' | 'failed';

export interface WorkerMetrics {
  /** Milliseconds from asking the model to its first part. */
  firstPart(ms: number): void;
  stepCommitted(step: { readonly endsTurn: boolean }): void;
  /** A tool begins to run for a call; one that is repeated begins anew. */
  toolBegun(): void;
  /** A call beside the turns has ended: a title, a label, a summary, a proposal. */
  auxiliaryCall(call: { readonly purpose: CallPurpose; readonly outcome: AuxiliaryOutcome }): void;
  /** A summary took the place of a history. */
  compacted(source: 'automatic' | 'manual'): void;
  retried(kind: ChatErrorKind): void;
  failed(kind: ChatErrorKind): void;
  acquired(by: 'wake' | 'sweep', count: number): void;
  /** Chats taken in the middle of a generation that another runner had begun. */
  recovered(count: number): void;
  partsPublished(count: number): void;
  /** Milliseconds from the message in the history to the first part of its answer. */
  firstToken(ms: number): void;
  turnEnded(turn: EndedTurn): void;
  /** The lease ran out and every runner was stopped. */
  fenced(): void;
}

/** At most one statement in that time, however often it is scraped. */
const BACKLOG_FRESH_MS = 4_000;
const FIRST_PART_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createWorkerMetrics(metrics: Metrics): WorkerMetrics {
  const turns = metrics.counter({ name: 'parley_turns_total', help: 'Turns that came to their end' });
  const steps = metrics.counter({
    name: 'parley_steps_total',
    help: 'Answers of models that were committed',
  });
  const calls = metrics.counter({
    name: 'parley_tool_calls_total',
    help: 'Tool calls that were begun to run, repetitions after a takeover included',
  });
  const compactions = metrics.counter({
    name: 'parley_compactions_total',
    help: 'Histories that a summary took the place of',
    labels: ['source'] as const,
  });
  const auxiliaryCalls = metrics.counter({
    name: 'parley_auxiliary_calls_total',
    help: 'Calls of models beside the turns: titles, labels, summaries, proposals',
    labels: ['purpose', 'outcome'] as const,
  });
  const fences = metrics.counter({
    name: 'parley_lease_losses_total',
    help: 'Times the worker stopped its runners because its lease ran out',
  });
  const kinds = ['kind'] as const;
  const retries = metrics.counter({
    name: 'parley_model_retries_total',
    help: 'Failed attempts at a step that were tried again',
    labels: kinds,
  });
  const failures = metrics.counter({
    name: 'parley_failed_turns_total',
    help: 'Turns that ended in an error',
    labels: kinds,
  });
  const acquisitions = metrics.counter({
    name: 'parley_acquired_chats_total',
    help: 'Chats taken',
    labels: ['by'] as const,
  });
  const firstParts = metrics.histogram({
    name: 'parley_first_part_seconds',
    help: 'From asking the model to its first part',
    buckets: FIRST_PART_BUCKETS,
  });
  const recoveries = metrics.counter({
    name: 'parley_recovered_chats_total',
    help: 'Chats taken in the middle of a generation that another runner had begun',
  });
  const parts = metrics.counter({
    name: 'parley_parts_published_total',
    help: 'Live parts published, adjacent ones joined',
  });
  return {
    ...createTurnMetrics(metrics),
    recovered: (count) => recoveries.inc(count),
    partsPublished: (count) => parts.inc(count),
    firstPart: (ms) => firstParts.observe(ms / 1000),
    stepCommitted: ({ endsTurn }) => {
      steps.inc();
      if (endsTurn) turns.inc();
    },
    compacted: (source) => compactions.inc({ source }),
    toolBegun: () => calls.inc(),
    auxiliaryCall: (call) => auxiliaryCalls.inc(call),
    retried: (kind) => retries.inc({ kind }),
    failed: (kind) => failures.inc({ kind }),
    acquired: (by, count) => acquisitions.inc({ by }, count),
    fenced: () => fences.inc(),
  };
}

/** Values that are read when they are scraped. */
export function registerGauges(
  metrics: Metrics,
  { database, bus, worker }: { database: Database; bus: Bus; worker: Worker },
): void {
  const { roster } = worker;
  metrics.gauge({
    name: 'parley_running_turns',
    help: 'Turns that run now',
    read: () => roster.workingCount,
  });
  metrics.gauge({ name: 'parley_owned_chats', help: 'Chats owned now', read: () => roster.count });
  metrics.gauge({
    name: 'parley_lease_age_seconds',
    help: 'Since the lease was last renewed',
    read: () => worker.leaseAgeMs / 1000,
  });
  const backlog = new FreshBacklog(database);
  metrics.gauge({
    name: 'parley_runnable_chats',
    help: 'Runnable chats that no worker has, in the whole deployment',
    read: async () => (await backlog.read()).count,
  });
  metrics.gauge({
    name: 'parley_oldest_runnable_chat_seconds',
    help: 'For how long the oldest runnable chat waits for a worker, in the whole deployment; 0 when none does',
    read: async () => (await backlog.read()).oldestMs / 1000,
  });
  exposeDatabase(metrics, database);
  exposeBus(metrics, bus);
}

/** One statement for all gauges of a scrape, and for scrapes that follow closely. */
class FreshBacklog {
  private reading: { readonly at: number; readonly backlog: Promise<Backlog> } | undefined;

  constructor(private readonly database: Database) {}

  read(): Promise<Backlog> {
    const now = performance.now();
    if (this.reading === undefined || now - this.reading.at > BACKLOG_FRESH_MS)
      this.reading = { at: now, backlog: readBacklog(this.database) };
    return this.reading.backlog;
  }
}
