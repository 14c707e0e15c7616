import { createTestDatabase, eventually, type TestDatabase } from '@parley/testing';
import { Database } from './database';
import { sql } from './statement';

const ONE = sql('pool_waits_one', 'select 1');

let testDatabase: TestDatabase;
let database: Database;
beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = await Database.open({ url: testDatabase.url, poolSize: 2, applicationName: 'waits' });
});
afterAll(async () => {
  await database.close();
  await testDatabase.drop();
});

describe('The waits for a connection', () => {
  it('are told for statements and transactions alike, and hold the time until one was free', async () => {
    const waitsMs: number[] = [];
    database.watchPool((ms) => void waitsMs.push(ms));
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const transactions = [1, 2].map(() => database.transaction(() => held));
    await eventually(() => expect(waitsMs).toHaveLength(2));
    const askedAt = performance.now();
    const waiting = database.query(ONE, []);
    await eventually(() => expect(database.poolUsage().waiting).toBe(1));
    expect(waitsMs).toHaveLength(2);
    const heldMs = performance.now() - askedAt;
    release();
    await Promise.all([...transactions, waiting]);
    expect(waitsMs).toHaveLength(3);
    expect(waitsMs[2]).toBeGreaterThanOrEqual(heldMs - 1);
  });
});
