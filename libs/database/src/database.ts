/**
 * The one way to Postgres for a process.
 *
 * Owns the pool, which TypeORM's data source opens and named prepared statements share; counts every statement by name, BEGIN and
 * COMMIT included. Promises that a transaction never takes a second connection: a query sent outside the transaction that is
 * open in the same async context throws, so that a pool of 2 cannot deadlock. Refuses nothing else: rules live in the SQL.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Pool, PoolClient } from 'pg';
import { DataSource, type EntityTarget, type ObjectLiteral, type Repository } from 'typeorm';
import { createDataSource } from './data-source';
import { SecondConnectionError } from './errors';
import { measurePoolWaits } from './pool-waits';
import { StatementCounter } from './statement-counter';
import type { Queryable, SqlStatement } from './statement';

export interface DatabaseOptions {
  url: string;
  /** Connections this process may hold, beside the one for `priority` where that is used. The system works with 2. */
  poolSize: number;
  /** Shown in `pg_stat_activity`. */
  applicationName: string;
  /** How long a caller waits for a free connection before it fails. */
  connectTimeoutMs?: number;
  onIdleError?: (error: Error) => void;
}

export interface PoolUsage {
  total: number;
  idle: number;
  /** Callers waiting for a connection. */
  waiting: number;
}

export class Database implements Queryable {
  private readonly openTransaction = new AsyncLocalStorage<true>();
  private openTransactions = 0;

  private constructor(
    private readonly dataSource: DataSource,
    private readonly pool: Pool,
    private readonly priorityPool: Pool,
    private readonly counter: StatementCounter,
  ) {}

  /** Connects. @throws the driver's error when Postgres does not answer. */
  static async open(options: DatabaseOptions): Promise<Database> {
    const counter = new StatementCounter();
    const { dataSource, pool, priorityPool } = await createDataSource({ ...options, counter });
    return new Database(dataSource, pool, priorityPool, counter);
  }

  /** Runs one statement on a pooled connection, committed by itself. */
  async query<Row>(statement: SqlStatement, values: readonly unknown[]): Promise<Row[]> {
    if (this.openTransaction.getStore()) throw new SecondConnectionError(statement.name);
    this.counter.count(statement.name);
    const result = await this.pool.query<Row & ObjectLiteral>({ ...statement, values: values as unknown[] });
    return result.rows;
  }

  /**
   * A connection kept apart, opened at its first use: for the rare statement that must not wait behind others, such as a
   * heartbeat. Its callers wait only for each other.
   */
  readonly priority: Queryable = {
    query: async <Row>(statement: SqlStatement, values: readonly unknown[]): Promise<Row[]> => {
      this.counter.count(statement.name);
      const result = await this.priorityPool.query<Row & ObjectLiteral>({
        ...statement,
        values: values as unknown[],
      });
      return result.rows;
    },
  };

  /** Runs `work` between BEGIN and COMMIT on one connection; whatever it throws rolls back and is thrown on. */
  async transaction<T>(
    work: (tx: Queryable) => Promise<T>,
    mode: TransactionMode = 'read committed',
  ): Promise<T> {
    if (this.openTransaction.getStore()) throw new SecondConnectionError('begin');
    const client = await this.pool.connect();
    let failure: Error | undefined;
    // While it is out of the pool, nobody else listens: a connection cut between two statements would end the process.
    const onCut = (error: Error): void => void (failure = error);
    client.on('error', onCut);
    try {
      await this.run(client, BEGIN[mode]);
      const result = await this.within(() => work(this.transactionOn(client)));
      await this.run(client, 'commit');
      return result;
    } catch (error) {
      await this.run(client, 'rollback').catch(onCut);
      throw error;
    } finally {
      client.off('error', onCut);
      // A connection that was cut, or whose rollback failed, is destroyed, not reused.
      client.release(failure);
    }
  }

  /** TypeORM's repository, for plain administrative rows. Not for use inside `transaction`. */
  repository<Entity extends ObjectLiteral>(entity: EntityTarget<Entity>): Repository<Entity> {
    return this.dataSource.getRepository(entity);
  }

  /** Statements sent so far by name; TypeORM's own count as "typeorm". */
  statementCounts(): ReadonlyMap<string, number> {
    return this.counter.counts;
  }

  poolUsage(): PoolUsage {
    return { total: this.pool.totalCount, idle: this.pool.idleCount, waiting: this.pool.waitingCount };
  }

  /** Tells the listener of each connection taken from the pool, how many milliseconds its caller waited for it. */
  watchPool(listener: (waitedMs: number) => void): void {
    measurePoolWaits(this.pool, listener);
  }

  /** Waits for the connections in use and closes them all. */
  async close(): Promise<void> {
    await Promise.all([this.dataSource.destroy(), this.priorityPool.end()]);
  }

  /** While the storage is in use, Node follows every promise of the whole process: so no longer than a transaction is open. */
  private async within<T>(work: () => Promise<T>): Promise<T> {
    this.openTransactions += 1;
    try {
      return await this.openTransaction.run(true, work);
    } finally {
      this.openTransactions -= 1;
      if (this.openTransactions === 0) this.openTransaction.disable();
    }
  }

  private transactionOn(client: PoolClient): Queryable {
    return {
      query: async <Row>(statement: SqlStatement, values: readonly unknown[]): Promise<Row[]> => {
        this.counter.count(statement.name);
        const result = await client.query<Row & ObjectLiteral>({ ...statement, values: values as unknown[] });
        return result.rows;
      },
    };
  }

  private async run(client: PoolClient, text: string): Promise<void> {
    this.counter.count(text.split(' ')[0] ?? text);
    await client.query(text);
  }
}

const BEGIN = {
  'read committed': 'begin',
  /** All statements see one snapshot, and none may write. */
  'read-only snapshot': 'begin isolation level repeatable read read only',
} as const;

export type TransactionMode = keyof typeof BEGIN;
