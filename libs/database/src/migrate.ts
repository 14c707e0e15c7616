/**
 * Migrations: run by a command (a Kubernetes job), never by a service.
 *
 * An advisory lock makes concurrent runs wait for each other; each migration is one transaction. Services only compare: a schema
 * older than the build is refused at boot, a newer one is fine, because migrations keep N-1 running.
 */
import { DataSource, type MigrationInterface } from 'typeorm';
import { SchemaOutdatedError, sqlState } from './errors';
import { sql, type Queryable } from './statement';

export type MigrationClass = new () => MigrationInterface;

/** An arbitrary constant, the same in every version of Parley. */
const MIGRATION_LOCK_KEY = 7_263_951;
const MIGRATIONS_TABLE = 'parley_migrations';
const SELECT_MIGRATIONS = sql('select_migrations', `select name from ${MIGRATIONS_TABLE}`);
const UNDEFINED_TABLE = '42P01';

async function connect(url: string, migrations: readonly MigrationClass[]): Promise<DataSource> {
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    migrations: [...migrations],
    migrationsTableName: MIGRATIONS_TABLE,
    uuidExtension: 'pgcrypto',
    installExtensions: false,
    applicationName: 'parley-migrate',
    // One connection holds the lock, the other migrates.
    poolSize: 2,
  });
  return dataSource.initialize();
}

/** Brings the database up to date. Returns the names of the migrations that ran. */
export async function runMigrations(options: {
  url: string;
  migrations: readonly MigrationClass[];
}): Promise<string[]> {
  const dataSource = await connect(options.url, options.migrations);
  try {
    await using lock = dataSource.createQueryRunner();
    await lock.query('select pg_advisory_lock($1)', [MIGRATION_LOCK_KEY]);
    try {
      const ran = await dataSource.runMigrations({ transaction: 'each' });
      return ran.map((migration) => migration.name);
    } finally {
      await lock.query('select pg_advisory_unlock($1)', [MIGRATION_LOCK_KEY]);
    }
  } finally {
    await dataSource.destroy();
  }
}

/** @throws SchemaOutdatedError when a migration of this build has not run on the database. */
export async function assertSchemaIsCurrent(
  database: Queryable,
  migrations: readonly MigrationClass[],
): Promise<void> {
  const present = await database
    .query<{ name: string }>(SELECT_MIGRATIONS, [])
    .catch((error: unknown) => (sqlState(error) === UNDEFINED_TABLE ? [] : Promise.reject(error as Error)));
  const names = new Set(present.map((row) => row.name));
  const pending = migrations.map((migration) => migration.name).filter((name) => !names.has(name));
  if (pending.length > 0) throw new SchemaOutdatedError(pending);
}
