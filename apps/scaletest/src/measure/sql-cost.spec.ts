import { idleRates, sqlCost } from './sql-cost';
import type { SqlReading } from './sql-usage';

const reading = (seconds: number, calls: Record<string, number>): SqlReading => ({
  source: 'pg_stat_statements',
  atMs: seconds * 1000,
  walBytes: 0,
  byQuery: new Map(
    Object.entries(calls).map(([query, count]) => [
      query,
      { query, calls: count, rows: 2 * count, walBytes: 100 * count, totalMs: count },
    ]),
  ),
});

describe('the cost in SQL', () => {
  const idle = idleRates(reading(0, { sweep: 10 }), reading(10, { sweep: 20 }));

  it('counts what comes with turns, and not what comes by the clock', () => {
    const cost = sqlCost({
      before: reading(20, { sweep: 30, send: 5 }),
      after: reading(25, { sweep: 36, send: 105, finish: 100, BEGIN: 10, COMMIT: 10 }),
      turns: 100,
      idle,
    });
    expect(cost.statements_per_turn).toBe(2);
    expect(cost.rows_per_turn).toBe(4);
    expect(cost.wal_bytes_per_turn).toBe(220);
    expect(cost.transaction_commands_per_turn).toBe(0.2);
    expect(cost.background_statements).toBe(6);
    expect(cost.by_query.map(({ query }) => query)).toEqual(['send', 'finish', 'BEGIN', 'COMMIT', 'sweep']);
  });

  it('knows of statements alone where only the services count them', () => {
    const counted = { ...reading(25, { send: 100 }), source: 'service_counters' as const };
    const cost = sqlCost({ before: reading(20, {}), after: counted, turns: 100, idle });
    expect(cost).toMatchObject({ statements_per_turn: 1, rows_per_turn: null, wal_bytes_per_turn: null });
  });

  it('counts a statement of the clock that the load makes run far more often', () => {
    const cost = sqlCost({ before: reading(20, {}), after: reading(25, { sweep: 200 }), turns: 100, idle });
    expect(cost.statements_per_turn).toBe(2);
  });
});
