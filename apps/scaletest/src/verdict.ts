/** What a run amounts to: passed, failed with reasons, void because the generator was too slow, or stopped. */
import type { LoadReport, Report } from './report/schema';

export function verdictOf(
  loads: readonly LoadReport[],
  wasAborted: boolean,
): Pick<Report, 'verdict' | 'reasons'> {
  const failures = loads.flatMap(failuresOf);
  const voids = loads.flatMap(({ load, generator }) =>
    generator.void_because === null ? [] : [`${load}: ${generator.void_because}`],
  );
  if (failures.length > 0) return { verdict: 'failed', reasons: [...failures, ...voids] };
  if (wasAborted) return { verdict: 'aborted', reasons: ['The run was stopped before its end', ...voids] };
  return voids.length > 0 ? { verdict: 'void', reasons: voids } : { verdict: 'passed', reasons: [] };
}

function failuresOf({ load, oracle, chaos, budget, turns, generator }: LoadReport): string[] {
  const reasons: string[] = Object.entries(oracle.by_kind).map(
    ([kind, count]) => `${load}: ${count} x ${kind}`,
  );
  if (oracle.scenario_failures.length > 0)
    reasons.push(
      `${load}: ${oracle.scenario_failures.length} scenarios failed: ${oracle.scenario_failures[0] ?? ''}`,
    );
  if (chaos !== null && chaos.failure !== null) reasons.push(`${load}: the fault failed: ${chaos.failure}`);
  reasons.push(...slowRecoveries(chaos).map((reason) => `${load}: ${reason}`));
  if (budget !== null && !budget.is_kept) {
    for (const { what, budget: limit, measured } of budget.lines)
      if (measured === null || measured > limit)
        reasons.push(`${load}: ${what}: ${measured ?? 'not measured'}, budget ${limit}`);
  }
  const { cpu_ms_per_turn: costMs, max_cpu_ms_per_turn: maxMs } = generator;
  if (maxMs !== null && costMs > maxMs)
    reasons.push(`${load}: the generator cost ${costMs} ms of CPU a turn, at most ${maxMs} may be its share`);
  // What was not looked at is not clean.
  if (!oracle.has_ledger) reasons.push(`${load}: the mock's ledger could not be read`);
  if (turns === 0) reasons.push(`${load}: no turn ended`);
  return reasons;
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
