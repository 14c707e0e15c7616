/** Statements, rows and WAL of a load, from two readings and what the idle system does by itself. Pure. */
import type { SqlReading, StatementTotals } from './sql-usage';

/** How often statements run while nothing happens. */
export interface IdleRates {
  /** Calls a second, by the query's full text. */
  readonly callsPerSecond: ReadonlyMap<string, number>;
}

export interface StatementCost {
  readonly query: string;
  readonly calls: number;
  /** Null where only the services count. */
  readonly rows: number | null;
  readonly wal_bytes: number | null;
  readonly total_ms: number | null;
  readonly per_turn: number;
  /** Runs by the clock, not by the turn. */
  readonly is_background: boolean;
}

export interface SqlCost {
  readonly statements_per_turn: number;
  readonly rows_per_turn: number | null;
  readonly wal_bytes_per_turn: number | null;
  readonly transaction_commands_per_turn: number;
  readonly background_statements: number;
  readonly by_query: readonly StatementCost[];
}

const TRANSACTION_COMMAND = /^(begin|start transaction|commit|rollback|savepoint|release|set )/i;
const MAX_QUERIES = 40;

export function idleRates(before: SqlReading, after: SqlReading): IdleRates {
  const seconds = (after.atMs - before.atMs) / 1000;
  const callsPerSecond = new Map<string, number>();
  for (const { text, calls } of differences(before, after)) callsPerSecond.set(text, calls / seconds);
  return { callsPerSecond };
}

/** A statement that runs when idle is background, unless the load makes it run more than twice as often as idling does. */
export function sqlCost(input: {
  before: SqlReading;
  after: SqlReading;
  turns: number;
  idle: IdleRates;
}): SqlCost {
  const { before, after, turns, idle } = input;
  const seconds = (after.atMs - before.atMs) / 1000;
  const isOfPostgres = after.source === 'pg_stat_statements';
  const known = (value: number): number | null => (isOfPostgres ? value : null);
  const perTurn = (count: number): number => (turns === 0 ? 0 : Math.round((count / turns) * 1000) / 1000);
  const costs = differences(before, after).map((totals): StatementCost => {
    const idleCalls = (idle.callsPerSecond.get(totals.text) ?? 0) * seconds;
    return {
      query: totals.query,
      calls: totals.calls,
      rows: known(totals.rows),
      wal_bytes: known(totals.walBytes),
      total_ms: known(Math.round(totals.totalMs * 10) / 10),
      per_turn: perTurn(totals.calls),
      is_background: idleCalls > 0 && totals.calls <= 2 * idleCalls + 4,
    };
  });
  const counted = costs.filter((cost) => !cost.is_background);
  const statements = counted.filter(({ query }) => !TRANSACTION_COMMAND.test(query));
  const sum = (list: readonly StatementCost[], of: 'calls' | 'rows' | 'wal_bytes'): number =>
    list.reduce((total, cost) => total + (cost[of] ?? 0), 0);
  return {
    statements_per_turn: perTurn(sum(statements, 'calls')),
    rows_per_turn: known(perTurn(sum(statements, 'rows'))),
    wal_bytes_per_turn: known(perTurn(sum(counted, 'wal_bytes'))),
    transaction_commands_per_turn: perTurn(sum(counted, 'calls') - sum(statements, 'calls')),
    background_statements: sum(costs, 'calls') - sum(counted, 'calls'),
    by_query: costs.sort((left, right) => right.calls - left.calls).slice(0, MAX_QUERIES),
  };
}

function differences(before: SqlReading, after: SqlReading): (StatementTotals & { text: string })[] {
  const changed: (StatementTotals & { text: string })[] = [];
  for (const [text, now] of after.byQuery) {
    const then = before.byQuery.get(text);
    const calls = now.calls - (then?.calls ?? 0);
    if (calls <= 0) continue;
    changed.push({
      text,
      query: now.query,
      calls,
      rows: now.rows - (then?.rows ?? 0),
      walBytes: now.walBytes - (then?.walBytes ?? 0),
      totalMs: now.totalMs - (then?.totalMs ?? 0),
    });
  }
  return changed;
}
