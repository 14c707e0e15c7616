/** The metrics of services as the table in docs/observability.md shows them. */
import type { Metrics } from '@parley/service';

interface Registered {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

interface Row extends Registered {
  readonly type: string;
  readonly services: string[];
}

/** Lines of markdown, by name. Only our own: those of the process are prom-client's. */
export async function metricsTable(services: ReadonlyMap<string, Metrics>): Promise<string[]> {
  const rows = new Map<string, Row>();
  for (const [service, { registry }] of services) {
    const types = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, String(type)]));
    for (const metric of registry.getMetricsAsArray() as unknown as Registered[]) {
      if (!metric.name.startsWith('parley_')) continue;
      const row = rows.get(metric.name) ?? {
        ...metricOf(metric),
        type: types.get(metric.name) ?? '',
        services: [],
      };
      row.services.push(service);
      rows.set(metric.name, row);
    }
  }
  return [...rows.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map(toLine);
}

const metricOf = ({ name, help, labelNames = [] }: Registered): Registered => ({ name, help, labelNames });

const toLine = ({ name, type, labelNames = [], services, help }: Row): string =>
  `| \`${name}\` | ${type} | ${labelNames.filter((label) => label !== 'le').join(', ')} | ${services.sort().join(', ')} | ${help} |`;

/** The series that a scrape of these services shows, `_bucket` and its kin included. */
export async function seriesNames(services: Iterable<Metrics>): Promise<Set<string>> {
  const names = new Set<string>();
  for (const { registry } of services) {
    for (const { name, type } of await registry.getMetricsAsJSON()) {
      names.add(name);
      if (String(type) === 'histogram')
        for (const part of ['bucket', 'sum', 'count']) names.add(`${name}_${part}`);
    }
  }
  return names;
}
