/**
 * What every service shows of the parts it shares with others: its pool of connections, its statements, and the bus. In standalone
 * several services share one registry, one pool and one bus: the first one that shows a part shows it for all.
 */
import { randomUUID } from 'node:crypto';
import type { Bus } from '@parley/bus';
import { subjects } from '@parley/contracts';
import type { Database } from '@parley/database';
import type { Metrics } from './metrics';

const POOL_WAIT_BUCKETS = [
  0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
];

export function exposeDatabase(metrics: Metrics, database: Database): void {
  if (metrics.has('parley_database_pool_wait_seconds')) return;
  const waits = metrics.histogram({
    name: 'parley_database_pool_wait_seconds',
    help: 'From asking for a connection to Postgres to having it',
    buckets: POOL_WAIT_BUCKETS,
  });
  database.watchPool((ms) => waits.observe(ms / 1000));
  metrics.gauge({
    name: 'parley_database_pool_busy_connections',
    help: 'Connections to Postgres in use now',
    read: () => database.poolUsage().total - database.poolUsage().idle,
  });
  metrics.gauge({
    name: 'parley_database_pool_open_connections',
    help: 'Connections to Postgres that are open now',
    read: () => database.poolUsage().total,
  });
  metrics.gauge({
    name: 'parley_database_pool_waiting_callers',
    help: 'Callers that wait for a connection to Postgres now',
    read: () => database.poolUsage().waiting,
  });
  metrics.counted({
    name: 'parley_sql_statements_total',
    help: 'SQL statements sent, by name',
    label: 'statement',
    read: () => database.statementCounts(),
  });
}

/** How long a scrape waits for a message to come back, at most. */
const MAX_LAG_MS = 1_000;

/**
 * Lag is measured when it is scraped, by a message to itself: through the server and this process's own event loop. A message that is
 * not back in time counts as the whole wait.
 */
export function exposeBus(metrics: Metrics, bus: Bus): void {
  if (metrics.has('parley_bus_connected')) return;
  metrics.gauge({
    name: 'parley_bus_connected',
    help: 'Whether the bus is connected (1) or away (0)',
    read: () => (bus.isConnected ? 1 : 0),
  });
  const probe = new BusProbe(bus);
  metrics.gauge({
    name: 'parley_bus_lag_seconds',
    help: 'From publishing a message to receiving it, measured at the scrape',
    read: async () => (await probe.lagMs()) / 1000,
  });
}

class BusProbe {
  private readonly subject = subjects.serviceProbe(randomUUID());
  private listening: Promise<unknown> | undefined;
  private measuring: Promise<number> | undefined;
  private onReturn: () => void = () => undefined;

  constructor(private readonly bus: Bus) {}

  /** Scrapes at the same time share one message. */
  lagMs(): Promise<number> {
    this.measuring ??= this.measure().finally(() => (this.measuring = undefined));
    return this.measuring;
  }

  private async measure(): Promise<number> {
    if (!this.bus.isConnected) return MAX_LAG_MS;
    this.listening ??= this.bus.subscribe(this.subject, () => this.onReturn()).catch(() => undefined);
    await this.listening;
    const sentAt = performance.now();
    await new Promise<void>((resolve) => {
      const tooLate = setTimeout(resolve, MAX_LAG_MS);
      this.onReturn = () => {
        clearTimeout(tooLate);
        resolve();
      };
      this.bus.publish(this.subject, {});
    });
    return performance.now() - sentAt;
  }
}
