import { RedisServer } from '@parley/local-servers';
import { KeyValueUnavailableError } from './errors';
import type { KeyValue } from './key-value';
import { RateLimiter } from './rate-limiter';
import { connectRedis } from './redis-key-value';
import { describeKeyValue } from './testing/key-value.testsuite';

/** A store that never comes back fails the test by its time limit. */
async function connected(store: KeyValue): Promise<void> {
  while (!store.isConnected) await new Promise((resolve) => setTimeout(resolve, 10));
}

describe('The store on Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  describeKeyValue(async () => ({
    store: await connectRedis({ url: server.url }),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  }));

  it('keeps its keys apart from those of others', async () => {
    const [ours, theirs] = [
      await connectRedis({ url: server.url }),
      await connectRedis({ url: server.url, keyPrefix: 'other:' }),
    ];
    await ours.set('a', 'ours', { ttlMs: 60_000 });
    expect(await theirs.get('a')).toBeUndefined();
    await Promise.all([ours.close(), theirs.close()]);
  });

  it('refuses calls quickly while Redis is away, limits nothing meanwhile, and comes back', async () => {
    const logged: string[] = [];
    const log = (_fields: object, message: string): void => void logged.push(message);
    const store = await connectRedis({ url: server.url, logger: { info: log, warn: log } });
    const limiter = new RateLimiter({ store });
    await store.set('a', '1', { ttlMs: 60_000 });
    await server.kill();
    const startedAt = Date.now();
    for (let n = 0; n < 100; n += 1) await expect(store.get('a')).rejects.toThrow(KeyValueUnavailableError);
    expect((await limiter.allow('a', { limit: 0, windowMs: 1_000 })).allowed).toBe(true);
    expect(Date.now() - startedAt).toBeLessThan(20_000);
    expect(store.isConnected).toBe(false);
    await server.restart();
    await connected(store);
    await store.set('a', '2', { ttlMs: 60_000 });
    expect(await store.get('a')).toBe('2');
    expect(logged).toEqual(['Redis is away', 'Redis is back']);
    await store.close();
  });

  it('starts without Redis and works when it appears', async () => {
    await server.kill();
    const store = await connectRedis({ url: server.url });
    await expect(store.get('a')).rejects.toThrow(KeyValueUnavailableError);
    await server.restart();
    await connected(store);
    expect(await store.get('nothing')).toBeUndefined();
    await store.close();
  });
});
