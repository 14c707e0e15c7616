import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Metrics } from '../metrics/metrics';
import { MetricsModule } from '../metrics/metrics.module';
import { HealthModule } from './health.module';
import { Readiness, type ReadinessCheck } from './readiness';

const apps: NestFastifyApplication[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

async function start(
  imports: NonNullable<Parameters<typeof Module>[0]['imports']>,
): Promise<NestFastifyApplication> {
  @Module({ imports })
  class App {}
  const app = await NestFactory.create<NestFastifyApplication>(App as Type, new FastifyAdapter(), {
    logger: false,
  });
  apps.push(app);
  await app.init();
  return app;
}

async function health(checks: readonly ReadinessCheck[]) {
  const stopping = new AbortController();
  const app = await start([HealthModule.forRoot(new Readiness({ signal: stopping.signal, checks }))]);
  const get = async (url: string): Promise<{ code: number; body: unknown }> => {
    const reply = await app.inject({ method: 'GET', url });
    return { code: reply.statusCode, body: reply.json() };
  };
  return { get, stopping };
}

describe('Health', () => {
  it('is ready when all checks pass', async () => {
    const { get } = await health([{ name: 'database', check: () => undefined }]);
    expect(await get('/healthz')).toEqual({ code: 200, body: { status: 'ok' } });
    expect(await get('/readyz')).toEqual({ code: 200, body: { status: 'ok', failing: [] } });
  });

  it('names the checks that fail or do not answer, and stays alive', async () => {
    const { get } = await health([
      { name: 'database', check: () => Promise.reject(new Error('no connection')) },
      { name: 'bus', check: () => new Promise(() => undefined), timeoutMs: 10 },
      {
        name: 'store',
        check: () => {
          throw new Error('thrown');
        },
      },
      { name: 'fine', check: () => Promise.resolve() },
    ]);
    const failing = [
      { name: 'database', reason: 'no connection' },
      { name: 'bus', reason: 'no answer within 10 ms' },
      { name: 'store', reason: 'thrown' },
    ];
    expect(await get('/readyz')).toEqual({ code: 503, body: { status: 'unavailable', failing } });
    expect((await get('/healthz')).code).toBe(200);
  });

  it('is alive but not ready while stopping', async () => {
    const { get, stopping } = await health([]);
    stopping.abort();
    expect(await get('/readyz')).toEqual({ code: 503, body: { status: 'stopping', failing: [] } });
    expect((await get('/healthz')).code).toBe(200);
  });
});

describe('Metrics', () => {
  it('are those of their own instance, in the text form', async () => {
    const [one, two] = [new Metrics().collectProcess(), new Metrics()];
    one.counter({ name: 'turns_total', help: 'Turns', labels: ['outcome'] }).inc({ outcome: 'done' }, 3);
    two.counter({ name: 'turns_total', help: 'Turns' }).inc(5);
    two.gauge({ name: 'open_streams', help: 'Streams', read: () => 7 });
    two.histogram({ name: 'turn_seconds', help: 'Length', buckets: [1, 5] }).observe(2);
    const reply = await (
      await start([MetricsModule.forRoot(one)])
    ).inject({ method: 'GET', url: '/metrics' });
    expect(reply.headers['content-type']).toMatch(/^text\/plain/);
    expect(reply.body).toContain('turns_total{outcome="done"} 3');
    expect(reply.body).toContain('nodejs_eventloop_lag_p99_seconds');
    const other = await (
      await start([MetricsModule.forRoot(two)])
    ).inject({ method: 'GET', url: '/metrics' });
    expect(other.body).toContain('turns_total 5');
    expect(other.body).toContain('open_streams 7');
    expect(other.body).toContain('turn_seconds_bucket{le="5"} 1');
    expect(other.body).not.toContain('nodejs_');
  });
});

describe('Metrics with a token', () => {
  it.each([
    [undefined, 401],
    ['Bearer wrong', 401],
    ['scrape-me', 401],
    ['Bearer scrape-me', 200],
  ])('of %s are answered with %i', async (authorization, code) => {
    const app = await start([MetricsModule.forRoot(new Metrics({ token: 'scrape-me' }))]);
    const headers = authorization === undefined ? {} : { authorization };
    const reply = await app.inject({ method: 'GET', url: '/metrics', headers });
    expect(reply.statusCode).toBe(code);
  });
});
