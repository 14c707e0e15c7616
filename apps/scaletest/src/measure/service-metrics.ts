/**
 * The little that the report wants of the services' own metrics: event-loop delay, waits for the pool and what was dropped, and how often
 * each statement ran. Counters count since their process began, so what a load did is the difference of two readings.
 */
import type { SqlReading, StatementReader, StatementTotals } from './sql-usage';

/** One sample of the Prometheus text format. */
export interface MetricSample {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

export function parseMetrics(text: string): MetricSample[] {
  const samples: MetricSample[] = [];
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{([^}]*)\})? (\S+)/.exec(line);
    if (match?.[1] === undefined) continue;
    samples.push({ name: match[1], labels: match[2] ?? '', value: Number(match[3]) });
  }
  return samples;
}

/** Histograms by their sum and count: their buckets would be most of the report. */
const UNWANTED = /_bucket$/;
const WANTED =
  /^(nodejs_eventloop_lag_(p50|p99|max)_seconds|parley_\w*pool\w*|parley_\w*dropped\w*|parley_model_retries_total|parley_tool_calls_total|parley_relay_(first|catch_up|history)_reads_total|parley_lease_losses_total)$/;
const STATEMENTS = 'parley_sql_statements_total';
const COUNTER = /_(total|sum|count)$/;
const LOOP_DELAY = /^nodejs_eventloop_lag_/;

export interface ServiceMetrics {
  readonly service: string;
  readonly samples: readonly MetricSample[];
}

export interface MetricsSource {
  /** The addresses of the services, by name. */
  readonly urls: Readonly<Record<string, readonly string[]>>;
  /** Of METRICS_TOKEN, where they ask for it. */
  readonly token: string | undefined;
}

/** What the report wants of a scrape. */
export function wantedOf(all: readonly ServiceMetrics[]): ServiceMetrics[] {
  return all.map(({ service, samples }) => ({
    service,
    samples: samples.filter(
      ({ name, value }) => WANTED.test(name) && !UNWANTED.test(name) && Number.isFinite(value),
    ),
  }));
}

/**
 * What the services did between two readings: of counters the difference, of a process that began anew all it has, of gauges the last.
 * @param between scrapes in the meantime, each of which had the event-loop delay begin anew: of that the worst is told, which is exact for
 * the maximum, and no less than the whole time's for percentiles
 */
export function metricsSince(
  before: readonly ServiceMetrics[],
  after: readonly ServiceMetrics[],
  between: readonly (readonly ServiceMetrics[])[] = [],
): ServiceMetrics[] {
  return after.map(({ service, samples }) => {
    const known = valuesOf(before, service);
    const meantime = between.map((reading) => valuesOf(reading, service));
    const since = (sample: MetricSample): number => {
      const name = nameOf(sample);
      if (LOOP_DELAY.test(sample.name))
        return Math.max(sample.value, ...meantime.map((values) => values.get(name) ?? 0));
      const then = known.get(name) ?? 0;
      return COUNTER.test(sample.name) && sample.value >= then ? sample.value - then : sample.value;
    };
    return { service, samples: samples.map((sample) => ({ ...sample, value: since(sample) })) };
  });
}

function valuesOf(reading: readonly ServiceMetrics[], service: string): ReadonlyMap<string, number> {
  const samples = reading.find((other) => other.service === service)?.samples ?? [];
  return new Map(samples.map((sample) => [nameOf(sample), sample.value]));
}

const nameOf = ({ name, labels }: MetricSample): string => `${name}{${labels}}`;

/** How often each statement ran, by the services' own counters: for a Postgres without `pg_stat_statements`. */
export class StatementCounters implements StatementReader {
  private constructor(private readonly source: MetricsSource) {}

  /** @throws when no service shows the counter */
  static async open(source: MetricsSource): Promise<StatementCounters> {
    const counters = new StatementCounters(source);
    await counters.read();
    return counters;
  }

  async read(): Promise<SqlReading> {
    return this.readFrom(await scrape(this.source));
  }

  /** Of a scrape that is made for other things too. @throws when no service shows the counter */
  readFrom(all: readonly ServiceMetrics[]): SqlReading {
    const byQuery = new Map<string, StatementTotals>();
    for (const { name, labels, value } of all.flatMap(({ samples }) => samples)) {
      const query = name === STATEMENTS ? /statement="([^"]*)"/.exec(labels)?.[1] : undefined;
      if (query === undefined) continue;
      const calls = (byQuery.get(query)?.calls ?? 0) + value;
      byQuery.set(query, { query, calls, rows: 0, walBytes: 0, totalMs: 0 });
    }
    if (byQuery.size === 0) throw new Error(`no service shows ${STATEMENTS}`);
    return { source: 'service_counters', atMs: performance.now(), byQuery, walBytes: 0 };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * All that each service shows that answers. In it the event-loop delay is that since the scrape before (prom-client begins anew with each),
 * so of one instant there must be one scrape.
 */
export async function scrape({ urls, token }: MetricsSource): Promise<ServiceMetrics[]> {
  const targets = Object.entries(urls).flatMap(([role, list]) =>
    list.map((url, index) => ({ service: `${role}-${index + 1}`, url })),
  );
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const read = await Promise.all(
    targets.map(async ({ service, url }): Promise<ServiceMetrics | null> => {
      try {
        const response = await fetch(`${url}/metrics`, { headers, signal: AbortSignal.timeout(3_000) });
        return response.ok ? { service, samples: parseMetrics(await response.text()) } : null;
      } catch {
        return null;
      }
    }),
  );
  return read.filter((metrics) => metrics !== null);
}
