/** What gitsync counts. */
import type { Metrics } from '@parley/service';
import type { RefreshResult } from './refresh/refresh-result';

export interface GitsyncMetrics {
  /** An answer of a git host, by status; 304 costs nothing of the account's limit. */
  providerCalled(status: number): void;
  refreshed(result: RefreshResult): void;
  tokenExchanged(result: 'stored' | 'lost' | 'rejected' | 'failed'): void;
  ticked(seconds: number): void;
}

const TICK_BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30];

export function createGitsyncMetrics(metrics: Metrics): GitsyncMetrics {
  const calls = metrics.counter({
    name: 'parley_git_provider_responses_total',
    help: 'Answers of git hosts, by HTTP status',
    labels: ['status'] as const,
  });
  const refreshes = metrics.counter({
    name: 'parley_git_refreshes_total',
    help: 'Refreshes of the status of a chat, by how they ended',
    labels: ['result'] as const,
  });
  const exchanges = metrics.counter({
    name: 'parley_git_token_exchanges_total',
    help: 'Exchanges of expiring tokens',
    labels: ['result'] as const,
  });
  const ticks = metrics.histogram({
    name: 'parley_git_tick_seconds',
    help: 'From claiming what is due to the last outcome',
    buckets: TICK_BUCKETS,
  });
  return {
    providerCalled: (status) => calls.inc({ status: String(status) }),
    refreshed: (result) => refreshes.inc({ result }),
    tokenExchanged: (result) => exchanges.inc({ result }),
    ticked: (seconds) => ticks.observe(seconds),
  };
}
