import { sql } from '@parley/database';
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import { Lease } from './lease';

const readLease = sql(
  'test_read_lease',
  `select lease_expires_at > now() + interval '8 minutes' as is_fresh, lease_expires_at <= now() as is_over
     from workers where id = $1`,
);

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

function createLease(time: { now: number }): Lease {
  let ids = 0;
  return new Lease({
    database: test.database,
    hostname: 'here',
    leaseMs: 600_000,
    monotonicNow: () => time.now,
    createId: () => `00000000-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`,
  });
}

const stored = async (lease: Lease): Promise<unknown> =>
  (await test.database.query(readLease, [lease.workerId]))[0];

describe('a lease', () => {
  it('is held until a margin before it ends, counted from before the renewal was sent', async () => {
    const time = { now: 100 };
    const lease = createLease(time);
    expect(lease.isHeld()).toBe(false);
    const renewed = lease.renew();
    time.now = 1_100;
    await renewed;
    expect(lease.remainingMs()).toBe(499_000);
    time.now = 500_100;
    expect(lease.isHeld()).toBe(false);
    expect(await stored(lease)).toEqual({ is_fresh: true, is_over: false });
  });

  it('is renewed six times in its length', () => {
    expect(createLease({ now: 0 }).heartbeatMs).toBe(100_000);
  });

  it('starts anew under another id, which a late answer for the old one does not hold', async () => {
    const lease = createLease({ now: 0 });
    const { workerId } = lease;
    const late = lease.renew();
    lease.replace();
    await late;
    expect(lease.workerId).not.toBe(workerId);
    expect(lease.isHeld()).toBe(false);
    await lease.renew();
    expect(lease.isHeld()).toBe(true);
  });

  it('that is retired is over for everybody', async () => {
    const lease = createLease({ now: 0 });
    await lease.renew();
    await lease.retire();
    expect(lease.isHeld()).toBe(false);
    expect(await stored(lease)).toEqual({ is_fresh: false, is_over: true });
  });
});
