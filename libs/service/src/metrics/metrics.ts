/**
 * The metrics of one service instance. Never the global registry of prom-client: standalone runs several services in one process,
 * and each shows its own.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

export interface MetricsOptions {
  readonly registry?: Registry;
  /** Who scrapes has to know it; undefined: nobody has to. */
  readonly token?: string | undefined;
}

export class Metrics {
  readonly registry: Registry;
  private readonly token: string | undefined;

  constructor({ registry = new Registry(), token }: MetricsOptions = {}) {
    this.registry = registry;
    this.token = token;
  }

  /** Whether somebody with that `Authorization` header may scrape. */
  isOpenTo(authorization: string | undefined): boolean {
    if (this.token === undefined) return true;
    return isSameText(authorization ?? '', `Bearer ${this.token}`);
  }

  /** CPU, memory, garbage collection and event-loop delay of the process. */
  collectProcess(): this {
    collectDefaultMetrics({ register: this.registry });
    return this;
  }

  counter<Label extends string = never>({ name, help, labels = [] }: MetricOptions<Label>): Counter<Label> {
    return new Counter({ name, help, labelNames: labels, registers: [this.registry] });
  }

  /** `read` is called at each scrape. When it rejects, the gauge keeps its last value: a scrape must not fail with what it watches. */
  gauge<Label extends string = never>(
    options: MetricOptions<Label> & { readonly read?: () => number | Promise<number> },
  ): Gauge<Label> {
    const { name, help, labels = [], read } = options;
    const registered = { name, help, labelNames: labels, registers: [this.registry] };
    if (!read) return new Gauge<Label>(registered);
    const collect = async (): Promise<void> => {
      const value = await Promise.resolve()
        .then(read)
        .catch(() => undefined);
      if (value !== undefined) gauge.set(value);
    };
    const gauge: Gauge<Label> = new Gauge<Label>({ ...registered, collect });
    return gauge;
  }

  /** A counter of what is counted elsewhere: `read`, at each scrape, gives the counts so far, by the value of the label if there is one. */
  counted({
    name,
    help,
    label,
    read,
  }: {
    readonly name: string;
    readonly help: string;
    readonly label?: string;
    readonly read: () => number | ReadonlyMap<string, number>;
  }): Counter {
    const collect = (): void => {
      const counts = read();
      counter.reset();
      if (typeof counts === 'number') counter.inc(counts);
      else for (const [value, count] of counts) counter.inc({ [label ?? 'name']: value }, count);
    };
    const labelNames = label === undefined ? [] : [label];
    const counter: Counter = new Counter({ name, help, labelNames, registers: [this.registry], collect });
    return counter;
  }

  has(name: string): boolean {
    return this.registry.getSingleMetric(name) !== undefined;
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

/** In a time that tells nothing about where they differ. */
function isSameText(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
