import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metricsSince, parseMetrics, scrape, StatementCounters, wantedOf } from './service-metrics';

describe('parseMetrics', () => {
  it('reads names, labels and values, and skips comments', () => {
    const text =
      '# HELP a_total A\n# TYPE a_total counter\na_total{kind="x y",b="}"} 3\nb 0.25\nc_sum 1e-3 1700000\n';
    expect(parseMetrics(text.replace(',b="}"', ''))).toEqual([
      { name: 'a_total', labels: 'kind="x y"', value: 3 },
      { name: 'b', labels: '', value: 0.25 },
      { name: 'c_sum', labels: '', value: 0.001 },
    ]);
  });
});

describe('metricsSince', () => {
  it('takes the difference of counters, the last of gauges, and all of a process that began anew', () => {
    const at = (total: number, gauge: number) => [
      {
        service: 'gateway-1',
        samples: [
          { name: 'parley_dropped_total', labels: 'a="1"', value: total },
          { name: 'parley_pool_in_use', labels: '', value: gauge },
        ],
      },
    ];
    const values = (before: number, after: number): number[] =>
      metricsSince(at(before, 3), at(after, 5)).flatMap(({ samples }) => samples.map(({ value }) => value));
    expect(values(10, 14)).toEqual([4, 5]);
    expect(values(10, 2)).toEqual([2, 5]);
    expect(metricsSince([], at(14, 5))[0]?.samples[0]?.value).toBe(14);
  });
});

describe('what the report wants', () => {
  it('holds pool waits without their buckets, and no value that is none', () => {
    const samples = parseMetrics(
      'parley_database_pool_wait_seconds_bucket{le="1"} 1\nparley_database_pool_wait_seconds_sum 2\nother_total 3\nnodejs_eventloop_lag_p99_seconds NaN\n',
    );
    expect(wantedOf([{ service: 's', samples }])[0]?.samples.map(({ name }) => name)).toEqual([
      'parley_database_pool_wait_seconds_sum',
    ]);
  });
});

describe('the metrics of services', () => {
  let server: Server;
  let source: { urls: Record<string, string[]>; token: string };
  let text = '';

  beforeEach(async () => {
    server = createServer((request, response) => {
      const isAllowed = request.headers.authorization === 'Bearer secret';
      response.writeHead(isAllowed ? 200 : 401).end(isAllowed ? text : '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    source = { urls: { gateway: [url], 'chat-worker': [url] }, token: 'secret' };
  });
  afterEach(async () => {
    await new Promise((resolve) => server.close(resolve));
  });

  it('tell how often each statement ran, over all services', async () => {
    text =
      'parley_sql_statements_total{statement="send"} 4\nparley_sql_statements_total{statement="ping"} 1\n';
    const { source: from, byQuery } = await (await StatementCounters.open(source)).read();
    expect(from).toBe('service_counters');
    expect([...byQuery.values()].map(({ query, calls }) => [query, calls])).toEqual([
      ['send', 8],
      ['ping', 2],
    ]);
  });

  it('are not there for one without the token, nor where no statement is counted', async () => {
    text = 'other 1\n';
    await expect(StatementCounters.open(source)).rejects.toThrow('no service shows');
    expect(await scrape({ ...source, token: 'other' })).toEqual([]);
  });
});
