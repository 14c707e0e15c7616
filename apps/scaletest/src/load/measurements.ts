/** Everything that is measured beside the turns, taken together at the same instants of a load. */
import { type BusReading, readBus } from '../measure/bus-usage';
import { type GeneratorHealth, GeneratorWatch } from '../measure/generator-health';
import { type GroupUsage, ProcessUsage } from '../measure/process-usage';
import { metricsSince, readServiceMetrics, type ServiceMetrics } from '../measure/service-metrics';
import type { SqlReading, StatementReader } from '../measure/sql-usage';
import type { Target } from '../system/target';

export interface Measured {
  readonly usage: Readonly<Record<string, GroupUsage>>;
  readonly generator: GeneratorHealth;
  /** Since the load began. */
  readonly services: readonly ServiceMetrics[];
  readonly bus: { readonly before: BusReading; readonly after: BusReading } | null;
  readonly sql: {
    readonly start: SqlReading;
    readonly barrier: SqlReading | null;
    readonly end: SqlReading;
  } | null;
}

export class Measurements {
  private readonly processes: ProcessUsage;
  private readonly generator = new GeneratorWatch();
  private busBefore: BusReading | null = null;
  private servicesBefore: readonly ServiceMetrics[] = [];
  private sqlStart: SqlReading | null = null;
  private sqlBarrier: SqlReading | null = null;

  constructor(
    private readonly target: Target,
    private readonly sql: StatementReader | null,
  ) {
    this.processes = new ProcessUsage(target.processes);
  }

  async start(): Promise<void> {
    this.sqlStart = await this.readSql();
    this.busBefore = await this.readBus();
    this.servicesBefore = await this.readServices();
    this.processes.start();
    this.generator.start();
  }

  async atBarrier(): Promise<void> {
    this.sqlBarrier = await this.readSql();
  }

  async stop(): Promise<Measured> {
    const generator = this.generator.stop();
    const usage = this.processes.stop();
    const [sqlEnd, busAfter, services] = [
      await this.readSql(),
      await this.readBus(),
      await this.readServices(),
    ];
    const { busBefore, sqlStart, sqlBarrier } = this;
    return {
      usage,
      generator,
      services: metricsSince(this.servicesBefore, services),
      bus: busBefore === null || busAfter === null ? null : { before: busBefore, after: busAfter },
      sql:
        sqlStart === null || sqlEnd === null ? null : { start: sqlStart, barrier: sqlBarrier, end: sqlEnd },
    };
  }

  /** Null when the database is away, as it may be under chaos. */
  private async readSql(): Promise<SqlReading | null> {
    try {
      return (await this.sql?.read()) ?? null;
    } catch {
      return null;
    }
  }

  private readServices(): Promise<ServiceMetrics[]> {
    const { metricsUrls: urls, metricsToken: token } = this.target;
    return readServiceMetrics({ urls, token });
  }

  private readBus(): Promise<BusReading | null> {
    const { natsMonitorUrl } = this.target;
    return natsMonitorUrl === undefined ? Promise.resolve(null) : readBus(natsMonitorUrl);
  }
}
