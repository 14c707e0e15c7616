import { setImmediate } from 'node:timers/promises';
import { createTestDatabase, eventually, type TestDatabase } from '@parley/testing';
import { parameterList, queryBatched, type BatchedStatement } from './batch';
import { isConnectionError, sqlState } from './errors';
import { sql } from './statement';

const LIST = parameterList(['int', 'int', 'jsonb', 'text']);
const changing = (name: string, locked: string, value: string) =>
  sql(
    name,
    `with l as (select c.id, ${value} from ${locked})
update spec_batch c set total = c.total + 10 / l.divisor, note = l.note, label = l.label from l
where c.id = l.id returning c.id, c.total, c.note, c.label`,
  );
const OF_ONE = 'spec_batch c where c.id = $1 for no key update';
const VALUE = '$2::int as divisor, $3::jsonb as note, $4::text as label';
const ADD: BatchedStatement = {
  one: changing('spec_add', `${OF_ONE} skip locked`, VALUE),
  many: changing(
    'spec_add_many',
    `${LIST.from} join spec_batch c on c.id = p.p1 for no key update of c skip locked`,
    'p.p2 as divisor, p.p3 as note, p.p4 as label',
  ),
  waiting: changing('spec_add_waiting', OF_ONE, VALUE),
  jsonParameters: LIST.jsonParameters,
  keyColumn: 'id',
};
const LOCK = sql('spec_lock', 'select from spec_batch where id = $1 for update');

interface Row {
  id: number;
  total: number;
  note: unknown;
  label: string | null;
}

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  await testDatabase.database.query(
    sql('', 'create table spec_batch (id int primary key, total int, note jsonb, label text)'),
    [],
  );
});
afterAll(() => testDatabase.drop());
beforeEach(async () => {
  await testDatabase.database.query(sql('spec_empty', 'delete from spec_batch'), []);
  await testDatabase.database.query(
    sql('spec_fill', 'insert into spec_batch select n, 0 from generate_series(1, 200) n'),
    [],
  );
});

const add = (id: number, divisor = 1, note: string | null = null, label: string | null = null) =>
  queryBatched<Row>(testDatabase.database, ADD, [id, divisor, note, label]);

/** What the work sent, by the name of the statement. */
async function sentBy(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const counts = () => new Map(testDatabase.database.statementCounts());
  const before = counts();
  await work();
  const grown = [...counts()].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(grown.filter(([name, count]) => count > 0 && name.startsWith('spec_add')));
}

describe('A batched statement', () => {
  it('goes by itself when nothing is under way', async () => {
    const sent = await sentBy(async () => {
      expect(await add(1)).toMatchObject({ id: 1, total: 10 });
      expect(await add(1)).toMatchObject({ id: 1, total: 20 });
    });
    expect(sent).toEqual({ spec_add: 2 });
  });

  it('goes with all that the same turn of the event loop asks for, each with its own answer', async () => {
    const ids = [1, 2, 3, 4, 5];
    const sent = await sentBy(async () => {
      const rows = await Promise.all(ids.map((id) => add(id, id, JSON.stringify({ at: `"${id}"\\` }))));
      expect(rows).toEqual(
        ids.map((id) => ({ id, total: Math.floor(10 / id), note: { at: `"${id}"\\` }, label: null })),
      );
    });
    expect(sent).toEqual({ spec_add_many: 1 });
  });

  it('takes all along that came while another was under way', async () => {
    const sent = await sentBy(async () => {
      const first = add(1);
      await setImmediate();
      const others = [2, 3, 4].map((id) => add(id));
      expect((await Promise.all([first, ...others])).map((row) => row?.id)).toEqual([1, 2, 3, 4]);
    });
    expect(sent).toEqual({ spec_add: 1, spec_add_many: 1 });
  });

  it('never has a key twice: the second call comes after the first', async () => {
    const rows = await Promise.all([add(1), add(2), add(2), add(2), add(3)]);
    expect(rows.map((row) => row?.total)).toEqual([10, 10, 20, 30, 10]);
  });

  it('is cut where it would be too many rows, or too much text', async () => {
    const many = await sentBy(() => Promise.all(Array.from({ length: 130 }, (_, index) => add(index + 1))));
    expect(many).toEqual({ spec_add_many: 3 });
    const long = JSON.stringify('x'.repeat(600_000));
    const large = await sentBy(() => Promise.all([1, 2, 3].map((id) => add(id, 1, long))));
    expect(large).toEqual({ spec_add: 3 });
  });

  it('answers nothing for a key that is not there', async () => {
    const sent = await sentBy(async () => {
      const rows = await Promise.all([add(1), add(999), add(2)]);
      expect(rows.map((row) => row?.id)).toEqual([1, undefined, 2]);
    });
    expect(sent).toEqual({ spec_add_many: 1, spec_add_waiting: 1 });
  });

  it('lets who meets a locked row wait alone', async () => {
    const { database } = testDatabase;
    let release = (): void => undefined;
    let isLocked = false;
    const locking = database.transaction(async (tx) => {
      await tx.query(LOCK, [2]);
      isLocked = true;
      await new Promise<void>((resolve) => (release = resolve));
    });
    await eventually(() => expect(isLocked).toBe(true));
    let isDone = false;
    const first = add(1);
    const blocked = add(2).finally(() => (isDone = true));
    expect((await Promise.all([first, add(3), add(4)])).map((row) => row?.total)).toEqual([10, 10, 10]);
    expect((await add(5))?.total).toBe(10);
    expect(isDone).toBe(false);
    release();
    await locking;
    expect((await blocked)?.total).toBe(10);
  });

  it('fails for the one at fault alone', async () => {
    const calls = [add(1), add(2), add(3, 0), add(4)];
    const results = await Promise.allSettled(calls);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    const refused: unknown = await calls[2]?.catch((error: unknown) => error);
    expect(sqlState(refused)).toBe('22012');
    expect((await add(4))?.total).toBe(20);
  });

  it('fails for all when the connection breaks, and the next one works', async () => {
    const broken = Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
    let isAway = true;
    const database = {
      query: <Answer>(...asked: Parameters<typeof testDatabase.database.query>): Promise<Answer[]> =>
        isAway ? Promise.reject(broken) : testDatabase.database.query<Answer>(...asked),
    };
    const call = (id: number) => queryBatched<Row>(database, ADD, [id, 1, null, null]);
    const results = await Promise.allSettled([call(1), call(2), call(3)]);
    for (const result of results)
      expect(result.status === 'rejected' && isConnectionError(result.reason)).toBe(true);
    isAway = false;
    expect((await call(1))?.total).toBe(10);
  });

  it('writes text that no UTF-8 can hold as the driver does', async () => {
    const label = 'a\uD800b "c" \\';
    const [alone, , together] = await Promise.all([1, 2, 3].map((id) => add(id, 1, null, label)));
    expect([alone?.label, together?.label]).toEqual(Array(2).fill('a\uFFFDb "c" \\'));
  });
});
