/**
 * What each relay read of messages from Postgres for its streams, of first turns and of later ones apart. Where viewers are attached, the bus brings all
 * of a later turn, and none is read. Version checks, which come by the clock and read no message, are not in it.
 */
import type { MetricSample, ServiceMetrics } from './service-metrics';

const KINDS = {
  first: 'parley_relay_first_reads_total',
  catch_up: 'parley_relay_catch_up_reads_total',
  history: 'parley_relay_history_reads_total',
} as const;

type Kind = keyof typeof KINDS;
export type ReadCounts = Readonly<Record<Kind, number>>;

export interface StreamReads {
  readonly service: string;
  /** Since the load began, or since its process did. */
  readonly whole: ReadCounts;
  /** After the barrier; null where the load has none. */
  readonly followUp: ReadCounts | null;
}

export interface StreamReadings {
  readonly start: readonly ServiceMetrics[];
  readonly barrier: readonly ServiceMetrics[] | null;
  readonly end: readonly ServiceMetrics[];
}

/** Of the processes that have streams. */
export function streamReadsOf({ start, barrier, end }: StreamReadings): StreamReads[] {
  return end
    .filter(({ samples }) => samples.some(({ name }) => name === KINDS.first))
    .map(({ service, samples }) => ({
      service,
      whole: since(samplesOf(start, service), samples),
      followUp: barrier === null ? null : since(samplesOf(barrier, service), samples),
    }));
}

/** All of a process that began anew. */
function since(before: readonly MetricSample[], after: readonly MetricSample[]): ReadCounts {
  const count = (kind: Kind): number => {
    const [then, now] = [valueOf(before, kind), valueOf(after, kind)];
    return now >= then ? now - then : now;
  };
  return { first: count('first'), catch_up: count('catch_up'), history: count('history') };
}

const samplesOf = (all: readonly ServiceMetrics[], service: string): readonly MetricSample[] =>
  all.find((one) => one.service === service)?.samples ?? [];

const valueOf = (samples: readonly MetricSample[], kind: Kind): number =>
  samples.find(({ name }) => name === KINDS[kind])?.value ?? 0;

export const sumOf = ({ first, catch_up: catchUp, history }: ReadCounts): number => first + catchUp + history;
