/** What the services say of themselves, in short: how late their event loops were, and how long they waited for a connection to Postgres. */
import type { LoadReport } from './schema';

export interface ServiceSummary {
  /** Its processes together. */
  readonly service: string;
  /** Of the worst process; undefined where it is not told. The timer's own 10 ms are in it. */
  readonly loopP99Ms: number | undefined;
  readonly loopMaxMs: number | undefined;
  /** How often a connection was asked for, and how long that took in the mean; undefined for a service without a pool. */
  readonly poolWaits: { readonly count: number; readonly meanMs: number } | undefined;
}

const LOOP_P99 = 'nodejs_eventloop_lag_p99_seconds';
const LOOP_MAX = 'nodejs_eventloop_lag_max_seconds';
const POOL_SUM = 'parley_database_pool_wait_seconds_sum';
const POOL_COUNT = 'parley_database_pool_wait_seconds_count';
/** The services number their processes. */
const NUMBER = /-\d+$/;

export function serviceSummaries({ services }: Pick<LoadReport, 'services'>): ServiceSummary[] {
  const names = new Set(services.map(({ service }) => service.replace(NUMBER, '')));
  return [...names].map((service) => {
    const samples = services
      .filter((process) => process.service.replace(NUMBER, '') === service)
      .flatMap((process) => process.samples);
    const valuesOf = (metric: string): number[] =>
      samples.flatMap(({ name, value }) => (name === metric ? [value] : []));
    const worstMs = (metric: string): number | undefined => {
      const values = valuesOf(metric);
      return values.length === 0 ? undefined : 1000 * Math.max(...values);
    };
    const sum = (metric: string): number => valuesOf(metric).reduce((total, value) => total + value, 0);
    const count = sum(POOL_COUNT);
    const poolWaits = count === 0 ? undefined : { count, meanMs: (1000 * sum(POOL_SUM)) / count };
    return { service, loopP99Ms: worstMs(LOOP_P99), loopMaxMs: worstMs(LOOP_MAX), poolWaits };
  });
}

/** For a terminal: one line. */
export function servicesLine(load: Pick<LoadReport, 'services'>): string {
  const summaries = serviceSummaries(load).map(({ service, loopP99Ms, loopMaxMs, poolWaits }) => {
    const parts = [
      ...(loopP99Ms === undefined ? [] : [`p99 ${loopP99Ms.toFixed(1)}`]),
      ...(loopMaxMs === undefined ? [] : [`max ${loopMaxMs.toFixed(1)}`]),
      ...(poolWaits === undefined
        ? []
        : [`pool wait mean ${poolWaits.meanMs.toFixed(2)} of ${poolWaits.count}`]),
    ];
    return `${service} ${parts.join(', ')}`;
  });
  return summaries.length === 0
    ? '   services:       not measured'
    : `   services, ms:   event loop (10 of it the timer's own) and pool: ${summaries.join('; ')}`;
}
