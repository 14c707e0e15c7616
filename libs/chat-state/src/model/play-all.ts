import type { Fixture } from '../testing/fixture';
import { runScenario } from './run-scenario';
import type { Scenario } from './scenario';

/** One scenario on each lane, side by side. Throws what failed first once all are over, so that nothing runs on. */
export async function playAll(lanes: readonly Fixture[], scenarios: readonly Scenario[]): Promise<void> {
  const plays = lanes.map((lane, index) =>
    runScenario({ ...lane, database: lane.test.database }, scenarios[index] ?? []),
  );
  for (const outcome of await Promise.allSettled(plays))
    if (outcome.status === 'rejected') throw outcome.reason;
}
