import { createTestDatabase, testServers, type TestDatabase } from '@parley/testing';
import { Database } from './database';
import { Organization } from './entities';
import { isConnectionError, SecondConnectionError, sqlState } from './errors';
import { encodeJsonb } from './json';
import { sql } from './statement';

const echo = sql('spec_echo', 'select $1::jsonb as value, 7::int8 as count');
const backend = sql('spec_backend', 'select pg_backend_pid() as pid');
const insert = sql('spec_insert', `insert into organizations (name, display_name) values ($1, $1)`);
const count = sql('spec_count', 'select count(*) as count from organizations where name = $1');

describe('Database', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());

  const countOf = async (name: string): Promise<number | undefined> =>
    (await test.database.query<{ count: number }>(count, [name]))[0]?.count;

  it('gives int8 as a number and jsonb without losing a character', async () => {
    const value = { text: 'a\u0000b \uE000', list: [1, null] };
    const rows = await test.database.query(echo, [encodeJsonb(value)]);
    expect(rows).toEqual([{ value, count: 7 }]);
  });

  it('commits what a transaction did, and rolls back when it throws', async () => {
    await test.database.transaction((tx) => tx.query(insert, ['kept']));
    const failing = test.database.transaction(async (tx) => {
      await tx.query(insert, ['dropped']);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect([await countOf('kept'), await countOf('dropped')]).toEqual([1, 0]);
  });

  it('refuses a second connection inside a transaction, and a nested transaction', async () => {
    const outside = test.database.transaction(() => test.database.query(backend, []));
    await expect(outside).rejects.toThrow(SecondConnectionError);
    const nested = test.database.transaction(() => test.database.transaction((tx) => tx.query(backend, [])));
    await expect(nested).rejects.toThrow(SecondConnectionError);
  });

  it('runs a transaction on one connection', async () => {
    const pids = await test.database.transaction(async (tx) => [
      ...(await tx.query<{ pid: number }>(backend, [])),
      ...(await tx.query<{ pid: number }>(backend, [])),
    ]);
    expect(pids[0]).toEqual(pids[1]);
  });

  it('answers on the priority connection while every pooled one is taken', async () => {
    const busy = Array.from({ length: 4 }, () =>
      test.database.transaction(async (tx) => {
        await tx.query(backend, []);
        expect(await test.database.priority.query(backend, [])).toHaveLength(1);
      }),
    );
    await Promise.all(busy);
  });

  it('counts statements by name, transactions and the ORM included', async () => {
    const before = new Map(test.database.statementCounts());
    await test.database.transaction((tx) => tx.query(backend, []));
    await test.database.repository(Organization).find();
    const grown = (name: string): number =>
      (test.database.statementCounts().get(name) ?? 0) - (before.get(name) ?? 0);
    expect(['begin', 'spec_backend', 'commit', 'typeorm'].map(grown)).toEqual([1, 1, 1, 1]);
  });

  it('replaces a connection that was cut in a transaction', async () => {
    const cut = test.database.transaction(async (tx) => {
      const [row] = await tx.query<{ pid: number }>(backend, []);
      const killer = await Database.open({ url: test.url, poolSize: 1, applicationName: 'parley-test' });
      await killer.query(sql('spec_terminate', 'select pg_terminate_backend($1, 5000)'), [row?.pid]);
      await killer.close();
      await tx.query(backend, []);
    });
    const error: unknown = await cut.catch((reason: unknown) => reason);
    expect(isConnectionError(error)).toBe(true);
    expect(await test.database.query(backend, [])).toHaveLength(1);
  });

  it('tells a refused statement from a database that is away', async () => {
    const refused: unknown = await test.database
      .query(sql('spec_bad', 'select 1 / $1::int'), [0])
      .catch((error: unknown) => error);
    expect([sqlState(refused), isConnectionError(refused)]).toEqual(['22012', false]);
    const away = new URL(testServers().databaseUrl);
    away.port = '1';
    const error: unknown = await Database.open({
      url: away.href,
      poolSize: 1,
      applicationName: 'parley-test',
    }).catch((reason: unknown) => reason);
    expect(isConnectionError(error)).toBe(true);
  });

  it('refuses two statements under one name', () => {
    expect(() => sql('spec_echo', 'select 2')).toThrow('spec_echo');
  });
});
