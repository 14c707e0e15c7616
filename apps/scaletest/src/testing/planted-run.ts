/** A small load on a platform with a fault in it, and what the run then has to say. */
import { loadRuns } from '../report/repeats';
import type { LoadPlan } from '../load/load-plan';
import { Progress } from '../report/progress';
import type { LoadReport } from '../report/schema';
import { Scaletest } from '../scaletest';
import { verdictOf } from '../verdict';
import { type PlantedFaults, startPlatform } from './platform';

export const PLANTED_LOAD: LoadPlan = {
  name: 'planted',
  chats: 3,
  turns: 3,
  shape: { chunks: 12, chunkSize: 10, chunkMs: 50, firstByteMs: 0 },
  mix: { plain: 1 },
  users: 1,
  hasBarrier: false,
  barrierDelayMs: 0,
  turnTimeoutMs: 15_000,
  isBudgeted: false,
};

export async function runPlanted(
  databaseUrl: string,
  faults: PlantedFaults,
  change: Partial<LoadPlan> = {},
): Promise<LoadReport> {
  const target = await startPlatform(databaseUrl, faults);
  const test = new Scaletest({
    target,
    seed: 'planted',
    signal: new AbortController().signal,
    progress: new Progress(process.stderr),
    budget: null,
    cleansUp: false,
  });
  try {
    await test.prepare(1);
    return (await test.run({ ...PLANTED_LOAD, ...change }, 1)).reported;
  } finally {
    await test.close();
    await target.stop();
  }
}

/** The run fails, and says why. */
export function expectNamed(report: LoadReport, kind: string): void {
  expect(Object.keys(report.oracle.by_kind)).toContain(kind);
  const { verdict, reasons } = verdictOf([loadRuns([report])], false);
  expect(verdict).toBe('failed');
  expect(reasons.join('\n')).toContain(kind);
}
