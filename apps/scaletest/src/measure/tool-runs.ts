/** How often the workers ran tools, by their own counters. */
import type { ServiceMetrics } from './service-metrics';

const TOOL_RUNS = 'parley_tool_calls_total';

/** @param services what they counted during the load. Null when none of them shows the counter. */
export function toolRunsOf(services: readonly ServiceMetrics[]): number | null {
  const counted = services.flatMap(({ samples }) => samples).filter(({ name }) => name === TOOL_RUNS);
  return counted.length === 0 ? null : counted.reduce((sum, { value }) => sum + value, 0);
}
