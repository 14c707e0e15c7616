import { createInProcessKeyValue } from './in-process-key-value';
import { RateLimiter } from './rate-limiter';

describe('A rate limiter', () => {
  it('allows so many per window and key, and says when the next window begins', async () => {
    let nowMs = 10_500;
    const clock = { now: () => nowMs };
    const limiter = new RateLimiter({ store: createInProcessKeyValue({ clock }), clock });
    const limit = { limit: 2, windowMs: 1_000 };
    expect(await limiter.allow('user-1', limit)).toEqual({ allowed: true, remaining: 1, resetAtMs: 11_000 });
    expect(await limiter.allow('user-1', limit)).toEqual({ allowed: true, remaining: 0, resetAtMs: 11_000 });
    expect(await limiter.allow('user-1', limit)).toEqual({ allowed: false, remaining: 0, resetAtMs: 11_000 });
    expect((await limiter.allow('user-2', limit)).allowed).toBe(true);
    nowMs = 11_000;
    expect(await limiter.allow('user-1', limit)).toEqual({ allowed: true, remaining: 1, resetAtMs: 12_000 });
  });

  it('allows everything while the store is away, and says so once', async () => {
    const store = createInProcessKeyValue();
    await store.close();
    const warnings: string[] = [];
    const logger = {
      info: () => undefined,
      warn: (_fields: object, message: string) => void warnings.push(message),
    };
    const limiter = new RateLimiter({ store, logger });
    for (let n = 0; n < 3; n += 1) {
      expect(await limiter.allow('user', { limit: 1, windowMs: 1_000 })).toMatchObject({
        allowed: true,
        remaining: 1,
      });
    }
    expect(warnings).toHaveLength(1);
  });
});
