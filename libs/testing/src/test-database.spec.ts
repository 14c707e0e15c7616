import { Database, sql } from '@parley/database';
import { createTestDatabase, LeakedConnectionsError, type TestDatabase } from './test-database';
import { asAdministrator } from './template-database';

const countChats = sql('count_chats', 'select count(*) as count from chats');
const hold = sql('hold_a_connection', 'select 1');

const openOther = (testDatabase: TestDatabase): Promise<Database> =>
  Database.open({ url: testDatabase.url, poolSize: 1, applicationName: 'forgotten-worker' });

const databasesNamed = (name: string): Promise<unknown[]> =>
  asAdministrator((admin) =>
    admin.query(sql('find_by_name', 'select 1 from pg_database where datname = $1'), [name]),
  );

const nameOf = ({ url }: TestDatabase): string => new URL(url).pathname.slice(1);

describe('createTestDatabase', () => {
  it('gives each caller an empty, migrated database of its own, also when several ask first at once', async () => {
    const all = await Promise.all([createTestDatabase(), createTestDatabase(), createTestDatabase()]);
    expect(new Set(all.map(nameOf)).size).toBe(3);
    const [first, second] = all;
    await first?.database.query(sql('make', 'create table only_here (id int)'), []);
    expect(await second?.database.query(sql('look', `select to_regclass('only_here') as found`), [])).toEqual(
      [{ found: null }],
    );
    for (const testDatabase of all) {
      expect(await testDatabase.database.query(countChats, [])).toEqual([{ count: 0 }]);
      await testDatabase.drop();
      expect(await databasesNamed(nameOf(testDatabase))).toEqual([]);
    }
  });

  it('finds no leak in its own pooled connections', async () => {
    const testDatabase = await createTestDatabase();
    await Promise.all([1, 2, 3].map(() => testDatabase.database.query(hold, [])));
    await testDatabase.assertNoLeaks();
    await testDatabase.drop();
  });

  it('fails the test that left a connection open, by name, and removes the database all the same', async () => {
    const testDatabase = await createTestDatabase();
    const leaked = await openOther(testDatabase);
    await leaked.query(hold, []);
    await expect(testDatabase.assertNoLeaks()).rejects.toThrow(/forgotten-worker \(idle\): select 1/);
    // A pool lets go of a connection that nobody has used for some seconds.
    await leaked.query(hold, []);
    await expect(testDatabase.drop()).rejects.toThrow(LeakedConnectionsError);
    expect(await databasesNamed(nameOf(testDatabase))).toEqual([]);
    await leaked.close();
  });

  it('fails the test that left a transaction open on its own pool', async () => {
    const testDatabase = await createTestDatabase();
    let finish = (): void => undefined;
    const held = testDatabase.database.transaction(async (tx) => {
      await tx.query(hold, []);
      await new Promise<void>((resolve) => (finish = resolve));
    });
    await expect(testDatabase.assertNoLeaks()).rejects.toThrow(/idle in transaction/);
    finish();
    await held;
    await testDatabase.assertNoLeaks();
    await testDatabase.drop();
  });
});
