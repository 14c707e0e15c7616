/**
 * A store whose statements are spans, named as the statements are; a transaction is one span around its own. Only within a trace: what
 * runs by itself (heartbeats, sweeps) makes none. Never their values. With tracing off the store comes back as it is.
 */
import type { Bus } from '@parley/bus';
import type { Database, Queryable, SqlStatement, TransactionMode } from '@parley/database';
import { tracedBus } from './traced-bus';
import { inSpan, type Tracer } from './tracer';

export type TraceableDatabase = Pick<Database, 'query' | 'transaction'>;

export interface TraceableStore {
  readonly database: TraceableDatabase;
  readonly bus: Bus;
}

/** The bus of the store is traced as well, unless it is already: give it bare. */
export function tracedStore({ database, bus }: TraceableStore, tracer: Tracer): TraceableStore {
  return { database: tracedDatabase(database, tracer), bus: tracedBus(bus, tracer) };
}

export function tracedDatabase(database: TraceableDatabase, tracer: Tracer): TraceableDatabase {
  if (!tracer.isOn) return database;
  return {
    ...tracedQueries(database, tracer),
    transaction<T>(work: (tx: Queryable) => Promise<T>, mode?: TransactionMode): Promise<T> {
      const run = (): Promise<T> => database.transaction((tx) => work(tracedQueries(tx, tracer)), mode);
      if (tracer.present() === undefined) return run();
      return inSpan(tracer, { name: 'sql transaction', kind: 'client' }, run);
    },
  };
}

function tracedQueries(queryable: Queryable, tracer: Tracer): Queryable {
  return {
    query<Row>(statement: SqlStatement, values: readonly unknown[]): Promise<Row[]> {
      if (tracer.present() === undefined) return queryable.query<Row>(statement, values);
      return inSpan(
        tracer,
        { name: `sql ${statement.name}`, kind: 'client', attributes: { 'db.system.name': 'postgresql' } },
        () => queryable.query<Row>(statement, values),
      );
    },
  };
}
