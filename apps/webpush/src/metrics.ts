/** What webpush counts. */
import type { Metrics } from '@parley/service';

export interface WebpushMetrics {
  /** What came of a job: told, told nobody (no subscription), too old, not told because the owner looks at the chat, to be tried again. */
  dispatched(outcome: 'done' | 'nobody' | 'expired' | 'watching' | 'later'): void;
  /** What came of a push to one browser. */
  pushed(outcome: 'sent' | 'gone' | 'later' | 'refused'): void;
  /** Ends of turns whose worker died before it told of them. */
  recovered(count: number): void;
}

export function createWebpushMetrics(
  metrics: Metrics,
  sources: { cachedUsers: () => number },
): WebpushMetrics {
  const labels = ['outcome'] as const;
  const jobs = metrics.counter({
    name: 'parley_webpush_jobs_total',
    help: 'Finished turns by what came of telling',
    labels,
  });
  const pushes = metrics.counter({ name: 'parley_webpush_pushes_total', help: 'Pushes to browsers', labels });
  const recovered = metrics.counter({
    name: 'parley_webpush_recovered_jobs_total',
    help: 'Ends of turns that were found because their worker had died',
  });
  metrics.gauge({
    name: 'parley_webpush_cached_users',
    help: 'Users whose subscriptions are in memory',
    read: sources.cachedUsers,
  });
  return {
    dispatched: (outcome) => jobs.inc({ outcome }),
    pushed: (outcome) => pushes.inc({ outcome }),
    recovered: (count) => recovered.inc(count),
  };
}
