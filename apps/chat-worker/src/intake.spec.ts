/** When chats that nobody owns keep others out, on real rows and a roster that only counts its places. */
import { randomUUID } from 'node:crypto';
import { renewLease } from '@parley/chat-state';
import { Intake } from './intake';
import type { Lease } from './lease';
import type { Roster } from './roster';
import { Harness, silentMetrics } from './testing/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterAll(() => harness.close());

test('a sweep of many batches wants places only when they have run out', async () => {
  const workerId = randomUUID();
  await renewLease(harness.store.database, { workerId, hostname: 'here', leaseMs: 60_000 });
  for (let count = 0; count < 4; count += 1) await harness.createChat({ reply: 'hello' });
  let freePlaces = 3;
  const wantedAt: [places: number, isWanted: boolean][] = [];
  const roster = {
    get freePlaces() {
      wantedAt.push([freePlaces, intake.isWanted]);
      return freePlaces;
    },
    reserve: () => () => undefined,
    start: () => (freePlaces -= 1),
  } as unknown as Roster;
  const intake: Intake = new Intake({
    store: harness.store,
    lease: { workerId, isHeld: () => true } as unknown as Lease,
    roster,
    metrics: silentMetrics,
    batchSize: 2,
    onFailure: (error) => {
      throw error;
    },
  });
  await intake.sweep();
  expect(wantedAt).toEqual([
    [3, false],
    [1, false],
    [0, false],
  ]);
  expect(intake.isWanted).toBe(true);
  freePlaces = 3;
  await intake.sweep();
  expect([freePlaces, intake.isWanted]).toEqual([2, false]);
});
