/**
 * Was the generator itself the bottleneck? Its event loop's delay and its share of a processor say so: a run in which it was too slow
 * to read on time measures the generator, and is void.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

export interface GeneratorHealth {
  readonly cpuMs: number;
  /** Of one processor. */
  readonly cpuShare: number;
  readonly loopDelayP50Ms: number;
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Why the run is void; null when it is not. */
  readonly voidBecause: string | null;
}

const RESOLUTION_MS = 20;
const MAX_CPU_SHARE = 0.9;
/** Later than this in one of a hundred looks, it stamped answers late that were there in time. */
const MAX_LOOP_DELAY_P99_MS = 200;

export class GeneratorWatch {
  private histogram: IntervalHistogram | undefined;
  private cpu = process.cpuUsage();
  private startedAtMs = 0;

  start(): void {
    this.histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.histogram.enable();
    this.cpu = process.cpuUsage();
    this.startedAtMs = performance.now();
  }

  stop(): GeneratorHealth {
    const { user, system } = process.cpuUsage(this.cpu);
    const elapsedMs = performance.now() - this.startedAtMs;
    this.histogram?.disable();
    const delay = (percent: number): number => {
      const ms = (this.histogram?.percentile(percent) ?? 0) / 1e6;
      return Math.max(0, ms - RESOLUTION_MS);
    };
    const cpuMs = (user + system) / 1000;
    return judgeGenerator({
      cpuMs,
      cpuShare: elapsedMs === 0 ? 0 : cpuMs / elapsedMs,
      loopDelayP50Ms: delay(50),
      loopDelayP99Ms: delay(99),
      loopDelayMaxMs: delay(100),
    });
  }
}

export function judgeGenerator(measured: Omit<GeneratorHealth, 'voidBecause'>): GeneratorHealth {
  const percent = Math.round(measured.cpuShare * 100);
  const causes = [
    ...(measured.cpuShare > MAX_CPU_SHARE ? [`used ${percent} % of a processor`] : []),
    ...(measured.loopDelayP99Ms > MAX_LOOP_DELAY_P99_MS
      ? [`was ${Math.round(measured.loopDelayP99Ms)} ms late at p99`]
      : []),
  ];
  const voidBecause =
    causes.length > 0 ? `the generator ${causes.join(' and ')}: it was the bottleneck` : null;
  return { ...measured, voidBecause };
}
