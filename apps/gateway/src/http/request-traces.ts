/**
 * A span for each request of the API, named by its route pattern. A request that says which trace it belongs to continues that one; what it
 * causes runs in its span. With tracing off no hook is there.
 */
import { TRACEPARENT, type Span, type Tracer } from '@parley/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';

export function traceRequests(instance: FastifyInstance, tracer: Tracer): void {
  if (!tracer.isOn) return;
  const spans = new WeakMap<FastifyRequest, Span>();
  instance.addHook('onRequest', (request, _reply, done) => {
    const { [TRACEPARENT]: parent } = request.headers;
    const route = request.routeOptions.url ?? 'none';
    if (!route.startsWith('/api/')) return done();
    const span = tracer.start(`${request.method} ${route}`, {
      kind: 'server',
      parent: typeof parent === 'string' ? parent : null,
      attributes: { 'http.request.method': request.method, 'http.route': route },
    });
    spans.set(request, span);
    done();
  });
  // Not earlier: reading the body leaves the async flow of the hooks before it.
  instance.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else tracer.within(span, done);
  });
  instance.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.set({ 'http.response.status_code': reply.statusCode });
    span?.end();
    done();
  });
}
