/**
 * A load that was run several times. One of its runs is reported in full: the median one by turns a second, or the first that found
 * something. The others are not lost: each says in a line what it came to, and the verdict is on all of them.
 */
import type { LoadReport } from './schema';

export interface LoadRuns {
  readonly reported: LoadReport;
  /** In their order, the reported one among them. */
  readonly runs: readonly LoadReport[];
}

/** @throws Error when there is no run */
export function loadRuns(runs: readonly LoadReport[]): LoadRuns {
  const sorted = [...runs].sort((left, right) => left.turns_per_s - right.turns_per_s);
  const chosen = runs.find(({ oracle }) => !oracle.is_clean) ?? sorted[Math.floor((sorted.length - 1) / 2)];
  if (chosen === undefined) throw new Error('No load was run');
  const repeats = runs.map(({ turns_per_s: rate }) => rate);
  return { reported: { ...chosen, repeats, repeat_runs: runs.map(inShort) }, runs };
}

function inShort(run: LoadReport): LoadReport['repeat_runs'][number] {
  return {
    turns_per_s: run.turns_per_s,
    generator_cpu_ms_per_turn: run.generator.cpu_ms_per_turn,
    void_because: run.generator.void_because,
    is_clean: run.oracle.is_clean,
    has_ledger: run.oracle.has_ledger,
    is_budget_kept: run.budget?.is_kept ?? null,
  };
}
