/** What the worker counts. */
import type { ChatErrorKind } from '@parley/contracts';
import type { Database } from '@parley/database';
import { Metrics } from '@parley/service';
import type { Roster } from './roster';

export interface WorkerMetrics {
  /** Milliseconds from asking the model to its first part. */
  firstPart(ms: number): void;
  stepCommitted(step: { readonly endsTurn: boolean }): void;
  toolsRun(count: number): void;
  retried(kind: ChatErrorKind): void;
  failed(kind: ChatErrorKind): void;
  acquired(by: 'wake' | 'sweep', count: number): void;
  /** The lease ran out and every runner was stopped. */
  fenced(): void;
}

const FIRST_PART_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createWorkerMetrics(metrics: Metrics): WorkerMetrics {
  const turns = metrics.counter({ name: 'parley_turns_total', help: 'Turns that came to their end' });
  const steps = metrics.counter({
    name: 'parley_steps_total',
    help: 'Answers of models that were committed',
  });
  const calls = metrics.counter({ name: 'parley_tool_calls_total', help: 'Tool calls that were run' });
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
  return {
    firstPart: (ms) => firstParts.observe(ms / 1000),
    stepCommitted: ({ endsTurn }) => {
      steps.inc();
      if (endsTurn) turns.inc();
    },
    toolsRun: (count) => calls.inc(count),
    retried: (kind) => retries.inc({ kind }),
    failed: (kind) => failures.inc({ kind }),
    acquired: (by, count) => acquisitions.inc({ by }, count),
    fenced: () => fences.inc(),
  };
}

/** Values that are read when they are scraped. */
export function registerGauges(metrics: Metrics, sources: { database: Database; roster: Roster }): void {
  const { database, roster } = sources;
  metrics.gauge({
    name: 'parley_running_turns',
    help: 'Turns that run now',
    read: () => roster.workingCount,
  });
  metrics.gauge({ name: 'parley_owned_chats', help: 'Chats owned now', read: () => roster.count });
  // The database counts already; the counter catches up when it is scraped, right after this gauge, which is registered first.
  const seen = new Map<string, number>();
  metrics.gauge({
    name: 'parley_sql_statement_names',
    help: 'Different SQL statements sent',
    read: () => {
      for (const [statement, count] of database.statementCounts()) {
        statements.inc({ statement }, count - (seen.get(statement) ?? 0));
        seen.set(statement, count);
      }
      return seen.size;
    },
  });
  const statements = metrics.counter({
    name: 'parley_sql_statements_total',
    help: 'SQL statements sent, by name',
    labels: ['statement'] as const,
  });
}
