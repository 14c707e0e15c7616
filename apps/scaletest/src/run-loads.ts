/** The loads of a plan, one after the other, after what warms the system up. What looks into the services begins with the loads that count. */
import type { LoadPlan } from './load/load-plan';
import type { Progress } from './report/progress';
import type { LoadRuns } from './report/repeats';
import { type RunPlan, warmUpOf } from './run-plan';

export interface LoadsOptions {
  readonly test: {
    warmUp(plan: LoadPlan): Promise<void>;
    run(plan: LoadPlan, repeat: number): Promise<LoadRuns>;
  };
  readonly plan: Pick<RunPlan, 'loads' | 'repeat' | 'profile'>;
  readonly progress: Pick<Progress, 'say'>;
  readonly signal: AbortSignal;
  /** Looks into the services while the loads run; never rejects. */
  readonly diagnosis: () => Promise<void>;
}

/** @param done takes the runs of each load, so that they are there also when a later load fails */
export async function runLoads(options: LoadsOptions, done: LoadRuns[]): Promise<void> {
  const { test, plan, progress, signal } = options;
  const [first] = plan.loads;
  if (first !== undefined && plan.profile.warmUpChats > 0) await test.warmUp(warmUpOf(first, plan.profile));
  if (signal.aborted) return;
  const diagnosed = options.diagnosis();
  try {
    for (const load of plan.loads) {
      if (signal.aborted) return;
      const runs = await test.run(load, plan.repeat);
      done.push(runs);
      progress.say(summaryOf(runs));
    }
  } finally {
    await diagnosed;
  }
}

function summaryOf({ reported, runs }: LoadRuns): string {
  const { load, turns, turns_per_s: rate } = reported;
  const findings = runs.reduce((sum, { oracle }) => sum + oracle.findings, 0);
  const isClean = runs.every(({ oracle }) => oracle.is_clean);
  return `${load}: ${turns} turns, ${rate}/s, oracle ${isClean ? 'clean' : `${findings} findings`}`;
}
