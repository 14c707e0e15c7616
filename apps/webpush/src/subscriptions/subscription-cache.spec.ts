import { SUBSCRIPTION_TTL_MS, SubscriptionCache } from './subscription-cache';
import type { StoredSubscription } from './subscription-store';

const stored = (id: string): StoredSubscription => ({
  id,
  endpoint: `https://push.test/${id}`,
  p256dhKey: 'p',
  authKey: 'a',
  vapidPublicKey: 'k',
});

/** A cache over rows that a test changes, and reads that end when the test says so. */
function world(limits: { maxEntries?: number; maxBytes?: number } = {}) {
  const state = { now: 0, rows: [stored('1')], reads: 0, gate: Promise.resolve() };
  const cache = new SubscriptionCache({
    now: () => state.now,
    load: async () => {
      state.reads += 1;
      const { rows } = state;
      await state.gate;
      return rows;
    },
    ...limits,
  });
  const ids = async (userId = 'u') => (await cache.get(userId)).subscriptions.map(({ id }) => id);
  return { state, cache, ids };
}

function gate(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

describe('The cache of subscriptions', () => {
  it('reads once for all who ask, and again after its time', async () => {
    const { state, ids } = world();
    expect(await Promise.all([ids(), ids(), ids()])).toEqual([['1'], ['1'], ['1']]);
    state.now = SUBSCRIPTION_TTL_MS - 1;
    await ids();
    expect(state.reads).toBe(1);
    state.now += 1;
    state.rows = [stored('2')];
    expect(await ids()).toEqual(['2']);
    expect(state.reads).toBe(2);
  });

  it.each(['u', undefined])(
    'a read that an invalidation (of %s) overtook is not kept, not joined, and outdated',
    async (whose) => {
      const { state, cache, ids } = world();
      const { opened, open } = gate();
      state.gate = opened;
      const slow = cache.get('u');
      await Promise.resolve();
      state.rows = [];
      cache.invalidate(whose);
      state.gate = Promise.resolve();
      expect(await ids()).toEqual([]);
      open();
      expect(await slow).toMatchObject({ subscriptions: [{ id: '1' }], isOutdated: true });
      expect(await ids()).toEqual([]);
      expect(state.reads).toBe(2);
    },
  );

  it('a list in use is outdated from the invalidation on, and only that of the user', async () => {
    const { cache } = world();
    const [mine, other] = await Promise.all([cache.get('u'), cache.get('other')]);
    expect([mine.isOutdated, other.isOutdated]).toEqual([false, false]);
    cache.invalidate('u');
    expect([mine.isOutdated, other.isOutdated]).toEqual([true, false]);
    cache.invalidate();
    expect(other.isOutdated).toBe(true);
  });

  it('is outdated as well after it was read anew', async () => {
    const { state, cache } = world();
    const before = await cache.get('u');
    state.now = SUBSCRIPTION_TTL_MS;
    const after = await cache.get('u');
    expect([before.isOutdated, after.isOutdated]).toEqual([true, false]);
  });

  it('forgets the least recently used beyond its bounds', async () => {
    for (const limits of [{ maxEntries: 2 }, { maxBytes: 1_700 }]) {
      const { state, cache, ids } = world(limits);
      for (const user of ['a', 'b', 'a', 'c']) await ids(user);
      expect([cache.size, state.reads]).toEqual([2, 3]);
      await ids('a');
      expect(state.reads).toBe(3);
      await ids('b');
      expect(state.reads).toBe(4);
    }
  });

  it('remembers no failure', async () => {
    let fails = true;
    const load = () => (fails ? Promise.reject(new Error('away')) : Promise.resolve([]));
    const cache = new SubscriptionCache({ load, now: () => 0 });
    await expect(cache.get('u')).rejects.toThrow('away');
    fails = false;
    expect((await cache.get('u')).subscriptions).toEqual([]);
  });
});
