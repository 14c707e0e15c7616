import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StatementCounters } from '../measure/service-metrics';
import type { SqlReading, StatementReader } from '../measure/sql-usage';
import type { Target } from '../system/target';
import { Measurements } from './measurements';

/** A service whose event-loop delay begins anew with each scrape, as prom-client's does. */
class FakeService {
  lagSeconds = 0;
  statements = 0;
  private constructor(private readonly server: Server) {
    server.on('request', (_request, response) => {
      const lag = this.lagSeconds;
      this.lagSeconds = 0.01;
      response.end(
        ['p50', 'p99', 'max'].map((of) => `nodejs_eventloop_lag_${of}_seconds ${lag}\n`).join('') +
          `parley_sql_statements_total{statement="send"} ${this.statements}\n`,
      );
    });
  }

  static async start(): Promise<FakeService> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FakeService(server);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('what is measured beside the turns', () => {
  let service: FakeService;
  let target: Target;

  beforeEach(async () => {
    service = await FakeService.start();
    target = {
      metricsUrls: { gateway: [service.url] },
      processes: () => ({ generator: [process.pid] }),
    } as unknown as Target;
  });
  afterEach(() => service.stop());

  /** The load is slow before its barrier and quick after it, or the other way round. */
  async function measure(sql: StatementReader, lags: [create: number, followUp: number]) {
    const measurements = new Measurements(target, sql);
    service.lagSeconds = 99;
    await measurements.start();
    service.statements += 8;
    service.lagSeconds = lags[0];
    await measurements.atBarrier();
    service.statements += 2;
    service.lagSeconds = Math.max(service.lagSeconds, lags[1]);
    return measurements.stop();
  }

  it.each([
    [0.25, 0.02],
    [0.02, 0.25],
  ])(
    'covers the event loops of the whole load, though who counts the statements is asked in between (%d, %d)',
    async (...lags) => {
      const sql = await StatementCounters.open({ urls: target.metricsUrls, token: undefined });
      const measured = await measure(sql, lags);
      const [gateway] = measured.services;
      expect(gateway?.samples.map(({ name, value }) => [name, value])).toEqual([
        ['nodejs_eventloop_lag_p50_seconds', 0.25],
        ['nodejs_eventloop_lag_p99_seconds', 0.25],
        ['nodejs_eventloop_lag_max_seconds', 0.25],
      ]);
      const callsOf = (reading?: SqlReading | null) => reading?.byQuery.get('send')?.calls ?? 0;
      const { start, barrier, end } = measured.sql ?? {};
      expect([callsOf(barrier) - callsOf(start), callsOf(end) - callsOf(barrier)]).toEqual([8, 2]);
    },
  );

  it('leaves the services alone in between when Postgres counts its statements itself', async () => {
    const reading = { source: 'pg_stat_statements', atMs: 0, byQuery: new Map(), walBytes: 0 } as const;
    const sql = { read: () => Promise.resolve(reading), close: () => Promise.resolve() };
    const measured = await measure(sql, [0.25, 0.02]);
    expect(measured.services[0]?.samples[2]?.value).toBe(0.25);
    expect(measured.sql).toEqual({ start: reading, barrier: reading, end: reading });
  });

  it('tells each process by itself, and its group', async () => {
    const measurements = new Measurements(target, null);
    await measurements.start();
    const { processes, usage } = await measurements.stop();
    expect(processes).toMatchObject([{ name: 'generator-1', group: 'generator' }]);
    expect(processes[0]?.peakRssBytes).toBe(usage['generator']?.peakRssBytes);
    expect(processes[0]?.peakRssBytes).toBeGreaterThan(1e6);
  });
});
