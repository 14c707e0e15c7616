/** Builds TypeORM's data source, and hands out the pg pool under it. */
import pg, { type Pool } from 'pg';
import { DataSource, type Logger } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver';
import { entities } from './entities';
import { parseJsonb } from './json';
import type { DatabaseOptions } from './database';
import type { StatementCounter } from './statement-counter';

const INT8_OID = 20;
const JSONB_OID = 3802;
const CONNECT_TIMEOUT_MS = 30_000;

/** int8 as a number (ids and versions stay far below 2^53) and jsonb decoded. */
function typeParsers(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8_OID, Number);
  types.setTypeParser(JSONB_OID, parseJsonb);
  return types;
}

export async function createDataSource(
  options: DatabaseOptions & { counter: StatementCounter },
): Promise<{ dataSource: DataSource; pool: Pool; priorityPool: Pool }> {
  const types = typeParsers();
  const dataSource = new DataSource({
    type: 'postgres',
    url: options.url,
    entities,
    // gen_random_uuid() is built in since Postgres 13: without this TypeORM would try to create an extension.
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    applicationName: options.applicationName,
    poolSize: options.poolSize,
    connectTimeoutMS: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    poolErrorHandler: (error: Error) => options.onIdleError?.(error),
    extra: { types, keepAlive: true },
    logging: ['query'],
    logger: new CountingLogger(options.counter),
  });
  await dataSource.initialize();
  // The driver's type hides that its master is a pg.Pool.
  const pool = (dataSource.driver as PostgresDriver).master as Pool;
  const priorityPool = new pg.Pool({
    connectionString: options.url,
    max: 1,
    application_name: options.applicationName,
    connectionTimeoutMillis: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    types,
    keepAlive: true,
  });
  priorityPool.on('error', (error) => options.onIdleError?.(error));
  return { dataSource, pool, priorityPool };
}

/** Sees the statements that TypeORM itself sends, and prints nothing. */
class CountingLogger implements Logger {
  constructor(private readonly counter: StatementCounter) {}
  logQuery(): void {
    this.counter.count('typeorm');
  }
  logQueryError(): void {}
  logQuerySlow(): void {}
  logSchemaBuild(): void {}
  logMigration(): void {}
  log(): void {}
}
