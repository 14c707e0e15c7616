import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { serveDebug } from './serve-debug';

let instance: FastifyInstance;
function serve(isEnabled: boolean): void {
  instance = new FastifyAdapter().getInstance<FastifyInstance>();
  serveDebug(instance, { isEnabled });
}
const post = (url: string, from: { remoteAddress?: string; headers?: Record<string, string> } = {}) =>
  instance.inject({ method: 'POST', url, remoteAddress: '127.0.0.1', ...from });

afterEach(() => instance.close());

describe('Debug endpoints', () => {
  it('are not there unless switched on', async () => {
    serve(false);
    expect((await post('/debug/profile?seconds=0.05')).statusCode).toBe(404);
  });

  it('answer with a CPU profile', async () => {
    serve(true);
    const reply = await post('/debug/profile?seconds=0.05');
    const { nodes, startTime, endTime } = reply.json<{
      nodes: unknown[];
      startTime: number;
      endTime: number;
    }>();
    expect(nodes.length).toBeGreaterThan(0);
    expect(endTime - startTime).toBeGreaterThanOrEqual(45_000);
  });

  it('refuse callers from elsewhere, and those behind a proxy', async () => {
    serve(true);
    expect((await post('/debug/profile', { remoteAddress: '10.0.0.7' })).statusCode).toBe(403);
    const headers = { 'x-forwarded-for': '10.0.0.7' };
    expect((await post('/debug/heap-snapshot', { headers })).statusCode).toBe(403);
  });

  it.each(['0', '-1', '61', 'long', ''])('refuse a profile of "%s" seconds', async (seconds) => {
    serve(true);
    expect((await post(`/debug/profile?seconds=${seconds}`)).statusCode).toBe(400);
  });

  it('do one thing at a time', async () => {
    serve(true);
    const [first, second] = await Promise.all([
      post('/debug/profile?seconds=0.2'),
      post('/debug/profile?seconds=0.2'),
    ]);
    expect([first.statusCode, second.statusCode].sort()).toEqual([200, 409]);
  });
});
