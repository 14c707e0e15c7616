/**
 * What the load cost Postgres, by statement, from `pg_stat_statements`: differences of two readings. Statements that come by the clock
 * (heartbeats, sweeps, nets) are told apart from those that come by the turn, by how often they ran while the system was idle.
 */
import { Database, sql } from '@parley/database';

export type SqlSource = 'pg_stat_statements' | 'service_counters';

/** What tells how often statements ran: Postgres, or where it does not, the services. */
export interface StatementReader {
  /** @throws when it cannot be read now */
  read(): Promise<SqlReading>;
  close(): Promise<void>;
}

export interface SqlReading {
  readonly source: SqlSource;
  readonly atMs: number;
  /** By the full text; `query` in the value is for people. */
  readonly byQuery: ReadonlyMap<string, StatementTotals>;
  readonly walBytes: number;
}

export interface StatementTotals {
  readonly query: string;
  readonly calls: number;
  readonly rows: number;
  readonly walBytes: number;
  readonly totalMs: number;
}

/** In the text of what the harness itself asks during a load: it is not counted. */
export const OWN_MARK = '/* scaletest */';

const CREATE = sql('scaletest_create_extension', 'create extension if not exists pg_stat_statements');
const READ = sql(
  'scaletest_read_statements',
  `select s.queryid::text as id, s.query, s.calls::float8 as calls, s.rows::float8 as rows,
  s.wal_bytes::float8 as wal_bytes, s.total_exec_time as total_ms
from pg_stat_statements s join pg_database d on d.oid = s.dbid
where d.datname = current_database() and s.query not like '%pg_stat_statements%' and s.query not like '%${OWN_MARK}%'`,
);

interface Row {
  id: string;
  query: string;
  calls: number;
  rows: number;
  wal_bytes: number;
  total_ms: number;
}

export class SqlUsage implements StatementReader {
  private constructor(private readonly database: Database) {}

  /** @throws when the database cannot be reached or the extension cannot be had */
  static async open(url: string): Promise<SqlUsage> {
    const database = await Database.open({ url, poolSize: 1, applicationName: 'parley-scaletest' });
    try {
      await database.query(CREATE, []);
      await database.query(READ, []);
      return new SqlUsage(database);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  async read(): Promise<SqlReading> {
    const rows = await this.database.query<Row>(READ, []);
    const byQuery = new Map<string, StatementTotals>();
    let walBytes = 0;
    for (const row of rows) {
      const query = tidy(row.query);
      const known = byQuery.get(row.query) ?? { query, calls: 0, rows: 0, walBytes: 0, totalMs: 0 };
      byQuery.set(row.query, {
        query,
        calls: known.calls + row.calls,
        rows: known.rows + row.rows,
        walBytes: known.walBytes + row.wal_bytes,
        totalMs: known.totalMs + row.total_ms,
      });
      walBytes += row.wal_bytes;
    }
    return { source: 'pg_stat_statements', atMs: performance.now(), byQuery, walBytes };
  }

  close(): Promise<void> {
    return this.database.close();
  }
}

const HEAD_LENGTH = 150;
const CONDITION_LENGTH = 150;

/** One line of a statement, short enough to print. Transitions all begin and end alike: what tells them apart is their condition. */
export function tidy(query: string): string {
  const line = query.replace(/\s+/g, ' ').trim();
  const condition = /from l where (.+?)\), w as/.exec(line)?.[1];
  if (condition !== undefined) return `transition when ${condition.slice(0, CONDITION_LENGTH)}`;
  return line.length <= HEAD_LENGTH ? line : `${line.slice(0, HEAD_LENGTH)} …`;
}
