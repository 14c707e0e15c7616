import { sampleLoad, sampleReport } from '../testing/sample-report';
import { htmlReport } from './html';
import { serviceSummaries, servicesLine } from './services';
import { textReport } from './text';

const process = (service: string, values: Record<string, number>) => ({
  service,
  samples: Object.entries(values).map(([name, value]) => ({ name, labels: '', value })),
});

const services = [
  process('chat-worker-1', {
    nodejs_eventloop_lag_p99_seconds: 0.012,
    nodejs_eventloop_lag_max_seconds: 0.09,
    parley_database_pool_wait_seconds_sum: 0.3,
    parley_database_pool_wait_seconds_count: 100,
  }),
  process('chat-worker-2', {
    nodejs_eventloop_lag_p99_seconds: 0.0304,
    nodejs_eventloop_lag_max_seconds: 0.04,
    parley_database_pool_wait_seconds_sum: 0.1,
    parley_database_pool_wait_seconds_count: 300,
  }),
  process('webpush-1', { nodejs_eventloop_lag_p99_seconds: 0.011 }),
];

describe('what services say of themselves', () => {
  it('is the worst event loop of their processes, and the mean wait for a connection', () => {
    expect(serviceSummaries({ services })).toEqual([
      { service: 'chat-worker', loopP99Ms: 30.4, loopMaxMs: 90, poolWaits: { count: 400, meanMs: 1 } },
      { service: 'webpush', loopP99Ms: 11, loopMaxMs: undefined, poolWaits: undefined },
    ]);
  });

  it('is in the text and on the page', () => {
    const made = sampleReport({ services });
    const line = 'chat-worker p99 30.4, max 90.0, pool wait mean 1.00 of 400; webpush p99 11.0';
    expect(textReport(made)).toContain(line);
    expect(htmlReport(made)).toContain(line);
    expect(htmlReport(made)).toContain('Event-loop delay of a service, p99');
  });

  it('is told to be missing where nothing could be asked', () => {
    expect(servicesLine(sampleLoad({ services: [] }))).toMatch(/not measured/);
  });
});
