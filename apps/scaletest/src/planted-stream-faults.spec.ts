/** The oracle bites where a stream stops growing, with the very answers of the loads that ship: a run in CI has to name it. */
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import type { LoadPlan } from './load/load-plan';
import { PROFILES } from './profiles';
import type { LoadReport } from './report/schema';
import { losesAPart } from './testing/faults';
import { expectNamed, runPlanted } from './testing/planted-run';

jest.setTimeout(90_000);

describe('with a part that was lost and that nobody could give again, the oracle', () => {
  let db: TestDatabase;
  beforeEach(async () => (db = await createTestDatabase()));
  afterEach(() => db.drop());

  /** A quick answer has few parts, since what comes within some milliseconds is one. */
  const run = (change: Partial<LoadPlan>): Promise<LoadReport> => runPlanted(db.url, losesAPart(2), change);
  const [plainOfSmoke, mixOfSmoke] = PROFILES.smoke.loads;
  const [atOnceOfRivals] = PROFILES.rivals.loads;

  it('names each long answer of smoke that stopped growing', async () => {
    const report = await run({ shape: mixOfSmoke.shape, mix: { 'long-answers': 1 } });
    expectNamed(report, 'stream_cut');
    expect(report.oracle.by_kind['stream_cut']).toBe(6);
  });

  it.each([
    ['the plain load of smoke', plainOfSmoke.shape],
    ['the mix of smoke', mixOfSmoke.shape],
    ['rivals at 0 ms a chunk', atOnceOfRivals.shape],
  ])('names a load whose answers stop growing: %s', async (_, shape) => {
    expectNamed(await run({ shape }), 'answers_not_streamed');
  });
});
