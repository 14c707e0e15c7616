import type { ServiceMetrics } from './service-metrics';
import { streamReadsOf } from './stream-reads';

const relay = (first: number, catchUp: number, history = 0): ServiceMetrics => ({
  service: 'stream-relay-1',
  samples: [
    { name: 'parley_relay_first_reads_total', labels: '', value: first },
    { name: 'parley_relay_catch_up_reads_total', labels: '', value: catchUp },
    { name: 'parley_relay_history_reads_total', labels: '', value: history },
  ],
});
const gateway: ServiceMetrics = { service: 'gateway-1', samples: [] };

describe('the reads of streams', () => {
  it('are told of each relay, and those after the barrier apart', () => {
    const readings = { start: [relay(5, 1)], barrier: [relay(25, 1)], end: [gateway, relay(25, 4, 2)] };
    expect(streamReadsOf(readings)).toEqual([
      {
        service: 'stream-relay-1',
        whole: { first: 20, catch_up: 3, history: 2 },
        followUp: { first: 0, catch_up: 3, history: 2 },
      },
    ]);
  });

  it('have no later part without a barrier, and are all that a relay has which began anew', () => {
    const [reads] = streamReadsOf({ start: [relay(5, 9)], barrier: null, end: [relay(2, 1)] });
    expect(reads).toMatchObject({ whole: { first: 2, catch_up: 1 }, followUp: null });
  });
});
