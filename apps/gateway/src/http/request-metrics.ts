/** How long requests take, by route pattern (never by path: ids would make endless series). Streams are counted by the relay. */
import type { Metrics } from '@parley/service';
import type { FastifyInstance } from 'fastify';

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function measureRequests(instance: FastifyInstance, metrics: Metrics): void {
  const duration = metrics.histogram({
    name: 'parley_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its reply',
    labels: ['method', 'route', 'status'],
    buckets: BUCKETS_SECONDS,
  });
  instance.addHook('onResponse', (request, reply, done) => {
    duration.observe(
      {
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: String(reply.statusCode),
      },
      reply.elapsedTime / 1000,
    );
    done();
  });
}
