/** Everything that is measured beside the turns, taken together at the same instants of a load. */
import { type BusReading, readBus } from '../measure/bus-usage';
import { type GeneratorHealth, GeneratorWatch } from '../measure/generator-health';
import { type GroupUsage, type OneProcessUsage, ProcessUsage } from '../measure/process-usage';
import {
  metricsSince,
  scrape,
  type ServiceMetrics,
  StatementCounters,
  wantedOf,
} from '../measure/service-metrics';
import { streamReadsOf, type StreamReads } from '../measure/stream-reads';
import type { SqlReading, StatementReader } from '../measure/sql-usage';
import type { Target } from '../system/target';

export interface Measured {
  readonly usage: Readonly<Record<string, GroupUsage>>;
  readonly processes: readonly OneProcessUsage[];
  readonly generator: GeneratorHealth;
  /** Since the load began. */
  readonly services: readonly ServiceMetrics[];
  readonly streamReads: readonly StreamReads[];
  readonly bus: { readonly before: BusReading; readonly after: BusReading } | null;
  readonly sql: {
    readonly start: SqlReading;
    readonly barrier: SqlReading | null;
    readonly end: SqlReading;
  } | null;
}

/** Who has streams. */
const STREAMING = ['stream-relay', 'standalone'];

export class Measurements {
  private readonly processes: ProcessUsage;
  private readonly generator = new GeneratorWatch();
  private busBefore: BusReading | null = null;
  private servicesBefore: readonly ServiceMetrics[] = [];
  private servicesBarrier: readonly ServiceMetrics[] | null = null;
  private sqlStart: SqlReading | null = null;
  private sqlBarrier: SqlReading | null = null;

  constructor(
    private readonly target: Target,
    private readonly sql: StatementReader | null,
  ) {
    this.processes = new ProcessUsage(target.processes);
  }

  async start(): Promise<void> {
    const services = await this.readServices();
    this.sqlStart = await this.readSql(services);
    this.servicesBefore = wantedOf(services);
    this.busBefore = await this.readBus();
    this.processes.start();
    this.generator.start();
  }

  async atBarrier(): Promise<void> {
    // Asking begins some of their metrics anew: only those are asked who count the statements themselves, and the reads of streams.
    const services = await this.readServices(
      this.sql instanceof StatementCounters ? Object.keys(this.target.metricsUrls) : STREAMING,
    );
    this.sqlBarrier = await this.readSql(services);
    this.servicesBarrier = wantedOf(services);
  }

  async stop(): Promise<Measured> {
    const generator = this.generator.stop();
    const { groups: usage, processes } = this.processes.stop();
    const services = await this.readServices();
    const [sqlEnd, busAfter] = [await this.readSql(services), await this.readBus()];
    const { busBefore, sqlStart, sqlBarrier, servicesBefore, servicesBarrier } = this;
    const wanted = wantedOf(services);
    return {
      usage,
      processes,
      generator,
      services: metricsSince(servicesBefore, wanted, servicesBarrier === null ? [] : [servicesBarrier]),
      streamReads: streamReadsOf({ start: servicesBefore, barrier: servicesBarrier, end: wanted }),
      bus: busBefore === null || busAfter === null ? null : { before: busBefore, after: busAfter },
      sql:
        sqlStart === null || sqlEnd === null ? null : { start: sqlStart, barrier: sqlBarrier, end: sqlEnd },
    };
  }

  /** Null when the database, or what counts in its place, is away, as it may be under chaos. */
  private async readSql(services: readonly ServiceMetrics[]): Promise<SqlReading | null> {
    const { sql } = this;
    try {
      if (sql instanceof StatementCounters) return sql.readFrom(services);
      return (await sql?.read()) ?? null;
    } catch {
      return null;
    }
  }

  private readServices(roles?: readonly string[]): Promise<ServiceMetrics[]> {
    const { metricsUrls: all, metricsToken: token } = this.target;
    const urls = Object.entries(all).filter(([role]) => roles?.includes(role) !== false);
    return scrape({ urls: Object.fromEntries(urls), token });
  }

  private readBus(): Promise<BusReading | null> {
    const { natsMonitorUrl } = this.target;
    return natsMonitorUrl === undefined ? Promise.resolve(null) : readBus(natsMonitorUrl);
  }
}
