/** Turns ended in each second of a load, and how long they took. */
import type { Turn } from '../generator/turn';
import { LatencyHistogram } from '../latency-histogram';
import type { LoadReport } from './schema';

const MAX_POINTS = 3_600;

export function timelineOf(ended: readonly Turn[], startedAtMs: number): LoadReport['timeline'] {
  const seconds: (LatencyHistogram | undefined)[] = [];
  for (const { doneAtMs, intendedAtMs } of ended) {
    const second = Math.floor((doneAtMs - startedAtMs) / 1000);
    if (second < 0 || second >= MAX_POINTS) continue;
    const histogram = (seconds[second] ??= new LatencyHistogram());
    histogram.record(doneAtMs - intendedAtMs);
  }
  return Array.from(seconds, (histogram, second) => ({
    at_s: second,
    turns: histogram?.count ?? 0,
    p50_ms: histogram?.percentile(50) ?? 0,
    p99_ms: histogram?.percentile(99) ?? 0,
  }));
}
