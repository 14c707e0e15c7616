import { createTestDatabase, type TestDatabase } from '@parley/testing';
import { measureCommits } from './commits';
import { hasPgbench } from './pgbench';

describe('two commits a turn', () => {
  let db: TestDatabase;
  beforeAll(async () => (db = await createTestDatabase()));
  afterAll(() => db.drop());

  it('are measured by pgbench where it is, and by a loop of that name where it is not', async () => {
    const measured = await measureCommits({
      databaseUrl: db.url,
      postgresPid: undefined,
      signal: new AbortController().signal,
    });
    const by = (await hasPgbench()) ? 'pgbench' : 'own loop';
    expect(measured.map((floor) => [floor.by, floor.clients])).toEqual([
      [by, 1],
      [by, 10],
      [by, 50],
    ]);
    for (const { turns_per_s: rate } of measured) expect(rate).toBeGreaterThan(10);
  }, 60_000);
});
