/** Durations from 10 microseconds up, kept to three digits (an HDR histogram), so that 0.1 ms is resolved and a minute is too. */
import { build, type Histogram } from 'hdr-histogram-js';

const UNITS_PER_MS = 100;
const HIGHEST_MS = 3_600_000;

export interface LatencySummary {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export class LatencyHistogram {
  private readonly histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_MS * UNITS_PER_MS,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: false,
  });

  /** Negative durations (clocks of two processes compared) count as zero. */
  record(ms: number): void {
    this.histogram.recordValue(Math.round(Math.min(Math.max(ms, 0), HIGHEST_MS) * UNITS_PER_MS));
  }

  get count(): number {
    return this.histogram.totalCount;
  }

  /** In milliseconds. */
  percentile(percent: number): number {
    return this.histogram.getValueAtPercentile(percent) / UNITS_PER_MS;
  }

  /** In milliseconds; null when nothing was recorded. */
  summary(): LatencySummary | null {
    if (this.count === 0) return null;
    return {
      count: this.count,
      mean: Math.round((this.histogram.mean / UNITS_PER_MS) * 100) / 100,
      p50: this.percentile(50),
      p90: this.percentile(90),
      p95: this.percentile(95),
      p99: this.percentile(99),
      p999: this.percentile(99.9),
      max: this.percentile(100),
    };
  }
}
