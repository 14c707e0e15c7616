/**
 * `npm run fuzz:state -- --runs 100000 [--seed n] [--path p] [--lanes n] [--no-shrink] [--keep file]`: the model-based test for as long as wanted,
 * on a Postgres of its own. A run is one scenario on each lane. What breaks an invariant is shrunk, and printed with the seed and path that play it again. `--keep`
 * writes the histories that were left behind, the 40 longest of all shapes, for the corpus of libs/llm.
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { PostgresServer } from '@parley/local-servers';
import * as fc from 'fast-check';
import { playAll } from '../model/play-all';
import { scenarios } from '../model/scenario';
import { createFixture, type Fixture } from './fixture';
import { KeptHistories } from './kept-histories';

const PROGRESS_EVERY = 1_000;
const KEPT = 40;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '10000' },
      lanes: { type: 'string', default: '4' },
      seed: { type: 'string', default: String(Date.now() % 0x7fffffff) },
      path: { type: 'string' },
      keep: { type: 'string' },
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
    if (values.keep !== undefined) await keep(lanes, values.keep);
    console.log('All invariants held.');
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
    await server.stop();
  }
}

async function keep(lanes: readonly Fixture[], file: string): Promise<void> {
  const histories = new KeptHistories();
  for (const lane of lanes) await histories.keep(lane.test.database);
  await writeFile(file, `${JSON.stringify(histories.longest(KEPT), null, 1)}\n`);
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
