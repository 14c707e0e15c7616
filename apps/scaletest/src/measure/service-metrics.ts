/** The little that the report wants of the services' own metrics: event-loop delay, and whatever tells of waiting for the pool. */

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
  /^(nodejs_eventloop_lag_(p50|p99|max)_seconds|parley_\w*pool\w*|parley_\w*dropped\w*|parley_model_retries_total|parley_lease_losses_total)$/;

export interface ServiceMetrics {
  readonly service: string;
  readonly samples: readonly MetricSample[];
}

/** Of each service that answers. */
export async function readServiceMetrics(
  urls: Readonly<Record<string, readonly string[]>>,
): Promise<ServiceMetrics[]> {
  const targets = Object.entries(urls).flatMap(([role, list]) =>
    list.map((url, index) => ({ service: `${role}-${index + 1}`, url })),
  );
  const read = await Promise.all(
    targets.map(async ({ service, url }): Promise<ServiceMetrics | null> => {
      try {
        const response = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(3_000) });
        if (!response.ok) return null;
        const samples = parseMetrics(await response.text()).filter(
          ({ name }) => WANTED.test(name) && !UNWANTED.test(name),
        );
        return { service, samples };
      } catch {
        return null;
      }
    }),
  );
  return read.filter((metrics) => metrics !== null);
}
