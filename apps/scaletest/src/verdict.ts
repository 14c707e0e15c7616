/**
 * What a run amounts to: passed, failed with reasons, void because the generator was too slow, or stopped. A load that was run several
 * times has to be right each time. Only the generator's cost is that of the reported run alone: it is a figure like the others
 * there, and what its limit protects is that run's.
 */
import { missingEffects } from './chaos/effects';
import type { LoadRuns } from './report/repeats';
import type { LoadReport, Report } from './report/schema';

export function verdictOf(
  loads: readonly LoadRuns[],
  wasAborted: boolean,
): Pick<Report, 'verdict' | 'reasons'> {
  const failures = loads.flatMap((load) => failuresOf(load, wasAborted));
  const voids = loads.flatMap((load) =>
    named(load).flatMap(({ name, run }) =>
      run.generator.void_because === null ? [] : [`${name}: ${run.generator.void_because}`],
    ),
  );
  if (failures.length > 0) return { verdict: 'failed', reasons: [...failures, ...voids] };
  if (wasAborted) return { verdict: 'aborted', reasons: ['The run was stopped before its end', ...voids] };
  return voids.length > 0 ? { verdict: 'void', reasons: voids } : { verdict: 'passed', reasons: [] };
}

function named({ reported: { load }, runs }: LoadRuns): { name: string; run: LoadReport }[] {
  return runs.map((run, index) => ({
    name: runs.length > 1 ? `${load}, run ${index + 1} of ${runs.length}` : load,
    run,
  }));
}

function failuresOf(load: LoadRuns, wasAborted: boolean): string[] {
  const ofRuns = named(load).flatMap(({ name, run }) =>
    [...failuresOfRun(run), ...(wasAborted ? [] : emptyProofs(run))].map((reason) => `${name}: ${reason}`),
  );
  return [...ofRuns, ...costlyGenerator(load.reported)];
}

function failuresOfRun({ oracle, chaos, budget, turns }: LoadReport): string[] {
  const reasons = Object.entries(oracle.by_kind).map(([kind, count]) => `${count} x ${kind}`);
  if (oracle.scenario_failures.length > 0)
    reasons.push(`${oracle.scenario_failures.length} scenarios failed: ${oracle.scenario_failures[0] ?? ''}`);
  if (chaos !== null && chaos.failure !== null) reasons.push(`the fault failed: ${chaos.failure}`);
  reasons.push(...slowRecoveries(chaos));
  if (budget !== null && !budget.is_kept) {
    for (const { what, budget: limit, measured } of budget.lines)
      if (measured === null || measured > limit)
        reasons.push(`${what}: ${measured ?? 'not measured'}, budget ${limit}`);
  }
  // What was not looked at is not clean.
  if (!oracle.has_ledger) reasons.push("the mock's ledger could not be read");
  if (turns === 0) reasons.push('no turn ended');
  return reasons;
}

/** What was there to be survived, and was not met: of a load that came to its end. */
function emptyProofs({ chaos, calls }: LoadReport): string[] {
  return [
    ...(chaos === null ? [] : missingEffects(chaos)),
    ...(calls.must_be_limited && calls.rate_limited === 0 ? ['no call met the rate limit'] : []),
  ];
}

function costlyGenerator({ load, generator }: LoadReport): string[] {
  const { cpu_ms_per_turn: costMs, max_cpu_ms_per_turn: maxMs } = generator;
  return maxMs === null || costMs <= maxMs
    ? []
    : [`${load}: the generator cost ${costMs} ms of CPU a turn, at most ${maxMs} may be its share`];
}

/** What was not watched is not quick. */
function slowRecoveries(chaos: LoadReport['chaos']): string[] {
  if (chaos === null || chaos.recoveries === null) return [];
  const { kills, max_ms: maxMs, max_allowed_ms: allowedMs, never, unwatched } = chaos.recoveries;
  const reasons: string[] = [];
  if (never > 0) reasons.push(`after ${never} of ${kills.length} kills a chat was never worked on again`);
  if (maxMs !== null && maxMs > allowedMs)
    reasons.push(`the worst recovery of a kill took ${maxMs} ms, at most ${allowedMs} may pass`);
  if (unwatched.length > 0)
    reasons.push(`the recovery of ${unwatched.length} kills is not known: ${unwatched[0] ?? ''}`);
  return reasons;
}
