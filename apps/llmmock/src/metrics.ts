import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { LedgerEntry } from './ledger';

/** The mock's own numbers. `schedule_lag` says when the mock, and not the system under test, was too slow. */
export class MockMetrics {
  readonly registry = new Registry();
  private readonly requests = new Counter({
    name: 'llmmock_requests_total',
    help: 'Model requests that are over, by API and HTTP status (0: nothing was sent)',
    labelNames: ['api', 'status'],
    registers: [this.registry],
  });
  private readonly faults = new Counter({
    name: 'llmmock_faults_total',
    help: 'Faults served on purpose',
    labelNames: ['kind'],
    registers: [this.registry],
  });
  private readonly chunks = new Counter({
    name: 'llmmock_chunks_total',
    help: 'Content chunks sent',
    registers: [this.registry],
  });
  private readonly disconnects = new Counter({
    name: 'llmmock_closed_by_client_total',
    help: 'Requests the client left before their end',
    registers: [this.registry],
  });
  readonly active = new Gauge({
    name: 'llmmock_active_requests',
    help: 'Model requests being served',
    registers: [this.registry],
  });
  private readonly lag = new Histogram({
    name: 'llmmock_schedule_lag_seconds',
    help: 'How much later than planned a complete reply ended',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
    registers: [this.registry],
  });

  constructor(collectProcessMetrics: boolean) {
    if (collectProcessMetrics) collectDefaultMetrics({ register: this.registry });
  }

  /** Called once for each request, when it is over. */
  observe(entry: LedgerEntry): void {
    this.requests.inc({ api: entry.api, status: String(entry.status) });
    this.chunks.inc(entry.chunksSent);
    if (entry.fault !== null) this.faults.inc({ kind: entry.fault });
    if (entry.closedByClientAtMs !== null) this.disconnects.inc();
    else if (entry.durationMs !== null && entry.status === 200)
      this.lag.observe(Math.max(0, entry.durationMs - entry.scheduleMs) / 1000);
  }
}
