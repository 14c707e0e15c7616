/**
 * `npm run fuzz:state -- --runs 100000 [--seed n] [--path p] [--lanes n] [--no-shrink]`: the model-based test for as long as wanted, on a Postgres of
 * its own. A run is one scenario on each lane. What breaks an invariant is shrunk, and printed with the seed and path that play it again.
 */
import { parseArgs } from 'node:util';
import { PostgresServer } from '@parley/local-servers';
import * as fc from 'fast-check';
import { playAll } from '../model/play-all';
import { scenarios } from '../model/scenario';
import { createFixture } from './fixture';

const PROGRESS_EVERY = 1_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '10000' },
      lanes: { type: 'string', default: '4' },
      seed: { type: 'string', default: String(Date.now() % 0x7fffffff) },
      path: { type: 'string' },
      'no-shrink': { type: 'boolean', default: false },
    },
  });
  const laneCount = Number(values.lanes);
  const server = await PostgresServer.start();
  Object.assign(process.env, {
    PARLEY_TEST_DATABASE_URL: server.url,
    PARLEY_TEST_NATS_URL: 'not used',
    PARLEY_TEST_REDIS_URL: 'not used',
    PARLEY_TEST_TEMPLATE: 'parley_fuzz',
  });
  const lanes = await inTurn(laneCount, () => createFixture({ poolSize: 3 }));
  console.log(`${values.runs} interleavings on ${laneCount} databases, seed ${values.seed}`);
  let played = 0;
  try {
    await fc.assert(
      fc.asyncProperty(scenarios(laneCount), async (commands) => {
        await playAll(lanes, commands);
        played += laneCount;
        if (played % PROGRESS_EVERY < laneCount) console.log(`${played} played`);
      }),
      {
        seed: Number(values.seed),
        numRuns: Math.ceil(Number(values.runs) / laneCount),
        endOnFailure: values['no-shrink'],
        ...(values.path !== undefined && { path: values.path }),
      },
    );
    console.log('All invariants held.');
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
    await server.stop();
  }
}

async function inTurn<Result>(count: number, make: () => Promise<Result>): Promise<Result[]> {
  const made: Result[] = [];
  while (made.length < count) made.push(await make());
  return made;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
