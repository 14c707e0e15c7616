/**
 * The metrics of one service instance. Never the global registry of prom-client: standalone runs several services in one process,
 * and each shows its own.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

export class Metrics {
  constructor(readonly registry: Registry = new Registry()) {}

  /** CPU, memory, garbage collection and event-loop delay of the process. */
  collectProcess(): this {
    collectDefaultMetrics({ register: this.registry });
    return this;
  }

  counter<Label extends string = never>({ name, help, labels = [] }: MetricOptions<Label>): Counter<Label> {
    return new Counter({ name, help, labelNames: labels, registers: [this.registry] });
  }

  /** `read` is called at each scrape. */
  gauge<Label extends string = never>(
    options: MetricOptions<Label> & { readonly read?: () => number },
  ): Gauge<Label> {
    const { name, help, labels = [], read } = options;
    const registered = { name, help, labelNames: labels, registers: [this.registry] };
    if (!read) return new Gauge<Label>(registered);
    const gauge: Gauge<Label> = new Gauge<Label>({ ...registered, collect: (): void => gauge.set(read()) });
    return gauge;
  }

  /** Buckets in the unit of the metric's name. */
  histogram<Label extends string = never>(
    options: MetricOptions<Label> & { readonly buckets: readonly number[] },
  ): Histogram<Label> {
    const { name, help, labels = [], buckets } = options;
    return new Histogram({
      name,
      help,
      labelNames: labels,
      buckets: [...buckets],
      registers: [this.registry],
    });
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** The text that Prometheus scrapes. */
  render(): Promise<string> {
    return this.registry.metrics();
  }
}
