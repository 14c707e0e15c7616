/**
 * A throwaway database for one spec file: a clone of the migrated template. It knows the connections that are its own,
 * so that any other still open is a leak of what was tested: a worker not stopped, a pool not closed, a transaction left open.
 */
import { randomBytes } from 'node:crypto';
import { Database, sql } from '@parley/database';
import { eventually } from './eventually';
import { asAdministrator, onDatabase, templateDatabase, urlOf } from './template-database';

export interface TestDatabaseOptions {
  /** Of `database`; default 4. */
  poolSize?: number;
}

export interface TestDatabase {
  url: string;
  /** For the test's own statements, and for the code under test where it takes a Database. */
  database: Database;
  /**
   * For afterEach, once everything the test started has been stopped. Throws LeakedConnectionsError when connections other
   * than those of `database` stay open, or one of those sits in a transaction.
   */
  assertNoLeaks(): Promise<void>;
  /** For afterAll. Closes `database`, removes the database whatever happens, and throws LeakedConnectionsError. */
  drop(): Promise<void>;
}

export class LeakedConnectionsError extends Error {
  readonly code = 'leaked_connections';

  constructor(readonly connections: readonly string[]) {
    super(`Connections were left open:\n${connections.map((connection) => `  ${connection}`).join('\n')}`);
    this.name = 'LeakedConnectionsError';
  }
}

const applicationName = 'parley-test';
/** A closed connection stays in the list until its backend has gone. */
const leaveTimeoutMs = 2_000;

const findLeaks = sql(
  'find_leaked_connections',
  `select application_name || ' (' || coalesce(state, 'starting') || '): ' || left(query, 200) as leak
     from pg_stat_activity
    where datname = $1 and backend_type = 'client backend' and pid <> pg_backend_pid()
      and (application_name <> $2 or state like 'idle in transaction%')`,
);

/** Clones the template (tens of milliseconds; the first call migrates it). */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const name = `parley_test_${randomBytes(8).toString('hex')}`;
  await asAdministrator(async (admin) => {
    const template = await templateDatabase(admin);
    await admin.query(onDatabase(`create database ${name} template ${template}`), []);
  });
  const url = urlOf(name);
  const database = await Database.open({ url, poolSize: options.poolSize ?? 4, applicationName });
  const assertNoLeaks = (): Promise<void> => asAdministrator((admin) => assertNoConnections(admin, name));
  return {
    url,
    database,
    assertNoLeaks,
    async drop() {
      await database.close();
      await asAdministrator(async (admin) => {
        try {
          await assertNoConnections(admin, name);
        } finally {
          await admin.query(onDatabase(`drop database if exists ${name} with (force)`), []);
        }
      });
    },
  };
}

async function assertNoConnections(admin: Database, name: string): Promise<void> {
  await eventually(
    async () => {
      const leaks = await admin.query<{ leak: string }>(findLeaks, [name, applicationName]);
      if (leaks.length > 0) throw new LeakedConnectionsError(leaks.map(({ leak }) => leak));
    },
    { timeoutMs: leaveTimeoutMs },
  );
}
