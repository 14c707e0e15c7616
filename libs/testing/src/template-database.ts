/**
 * The database that tests clone: migrated once, by the first test that wants one. Test processes agree by an
 * advisory lock, and the template gets its name when it is complete, so that nobody clones half of one.
 */
import { Database, sql, type SqlStatement } from '@parley/database';
import { runMigrations } from '@parley/migrations';
import { templateName, testServers } from './test-servers';

/** An arbitrary constant for all test runs on a server. */
const templateLockKey = 7_263_952;

/** The same server, another database. */
export function urlOf(databaseName: string): string {
  const url = new URL(testServers().databaseUrl);
  url.pathname = `/${databaseName}`;
  return url.href;
}

/** One connection to the server's own database, for CREATE and DROP DATABASE. */
export async function asAdministrator<T>(work: (admin: Database) => Promise<T>): Promise<T> {
  const admin = await Database.open({
    url: testServers().databaseUrl,
    poolSize: 1,
    applicationName: 'parley-test-administrator',
  });
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}

const findDatabase = sql('find_database', 'select datname from pg_database where datname = $1');
const endConnections = sql(
  'end_connections',
  'select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1',
);
const lockTemplate = sql('lock_template', 'select pg_advisory_lock($1)');

/** A statement that holds a name, as those on whole databases do: unnamed, so that no connection keeps it prepared. */
export const onDatabase = (text: string): SqlStatement => ({ name: '', text });

async function exists(admin: Database, name: string): Promise<boolean> {
  return (await admin.query(findDatabase, [name])).length > 0;
}

/** The template's name; makes it when there is none yet. The lock goes with the connection of `admin`. */
export async function templateDatabase(admin: Database): Promise<string> {
  const name = templateName();
  if (await exists(admin, name)) return name;
  await admin.query(lockTemplate, [templateLockKey]);
  if (await exists(admin, name)) return name;
  const unfinished = `${name}_unfinished`;
  await admin.query(onDatabase(`drop database if exists ${unfinished} with (force)`), []);
  await admin.query(onDatabase(`create database ${unfinished}`), []);
  await runMigrations({ url: urlOf(unfinished) });
  // Refused while the migration's connections are still closing on the server's side, so they are closed for it.
  await admin.query(endConnections, [unfinished]);
  await admin.query(onDatabase(`alter database ${unfinished} rename to ${name}`), []);
  return name;
}
