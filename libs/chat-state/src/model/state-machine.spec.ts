import * as fc from 'fast-check';
import { createFixture, type Fixture } from '../testing/fixture';
import { playAll } from './play-all';
import { scenarios } from './scenario';

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
  const property = fc.asyncProperty(scenarios(LANES), (commands) => playAll(lanes, commands));
  const result = await fc.check(property, { seed, numRuns: INTERLEAVINGS / LANES, endOnFailure: true });
  console.log(`${result.numRuns * LANES} interleavings, seed ${seed}`);
  if (result.failed)
    throw new Error(
      `Shrink it with: npm run fuzz:state -- --seed ${seed} --path ${result.counterexamplePath}`,
      {
        cause: result.errorInstance,
      },
    );
}, 300_000);
