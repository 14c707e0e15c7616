import * as fc from 'fast-check';
import { createFixture, type Fixture } from '../testing/fixture';
import { runScenario } from './run-scenario';
import { scenario } from './scenario';

/** Databases side by side. Each run plays one scenario on each. */
const LANES = 4;
const INTERLEAVINGS = 2_000;

let lanes: Fixture[];
beforeAll(async () => {
  lanes = await Promise.all(Array.from({ length: LANES }, () => createFixture({ poolSize: 3 })));
});
afterAll(() => Promise.all(lanes.map((lane) => lane.close())));

test('whatever clients, workers and the bus do: nothing is lost or doubled, and every chat comes to rest', async () => {
  const seed = Date.now() % 0x7fffffff;
  console.log(`seed of the state machine: ${seed}`);
  await fc.assert(
    fc.asyncProperty(fc.array(scenario, { minLength: LANES, maxLength: LANES }), async (scenarios) => {
      const plays = scenarios.map((commands, index) => {
        const lane = lanes[index];
        return lane && runScenario({ ...lane, database: lane.test.database }, commands);
      });
      const outcomes = await Promise.allSettled(plays);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    }),
    { seed, numRuns: INTERLEAVINGS / LANES, endOnFailure: true },
  );
}, 300_000);
