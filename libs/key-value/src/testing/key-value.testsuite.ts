import { KeyValueUnavailableError, NotACounterError } from '../errors';
import type { KeyValue } from '../key-value';

export interface StoreUnderTest {
  readonly store: KeyValue;
  /** Lets at least so much time pass for the store. */
  readonly pass: (ms: number) => Promise<void>;
}

/** What every store promises. */
export function describeKeyValue(open: () => Promise<StoreUnderTest>): void {
  describe('values', () => {
    let current: StoreUnderTest | undefined;
    let tests = 0;
    const test = (): StoreUnderTest & { key: string } => {
      if (!current) throw new Error('There is a store only inside a test');
      return { ...current, key: `key-${tests}` };
    };
    beforeEach(async () => {
      tests += 1;
      current = await open();
    });
    afterEach(() => current?.store.close());

    it('are there until they are deleted', async () => {
      const { store, key } = test();
      expect(await store.get(key)).toBeUndefined();
      await store.set(key, 'one', { ttlMs: 60_000 });
      await store.set(key, 'zwei ✓\u0000', { ttlMs: 60_000 });
      expect(await store.get(key)).toBe('zwei ✓\u0000');
      await store.delete(key);
      await store.delete(key);
      expect(await store.get(key)).toBeUndefined();
    });

    it('go away when their time is over', async () => {
      const { store, key, pass } = test();
      await store.set(key, 'short', { ttlMs: 30 });
      await store.set(`${key}-long`, 'long', { ttlMs: 60_000 });
      await pass(40);
      expect(await store.get(key)).toBeUndefined();
      expect(await store.get(`${key}-long`)).toBe('long');
    });

    it('are set once by those who race for an absent key', async () => {
      const { store, key } = test();
      const racers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => store.setIfAbsent(key, String(n), { ttlMs: 60_000 })),
      );
      expect(racers.filter(Boolean)).toHaveLength(1);
      expect(await store.get(key)).toBe(String(racers.indexOf(true)));
    });

    it('that were set because absent go away when their time is over', async () => {
      const { store, key, pass } = test();
      expect(await store.setIfAbsent(key, 'once', { ttlMs: 30 })).toBe(true);
      await pass(40);
      expect(await store.setIfAbsent(key, 'again', { ttlMs: 60_000 })).toBe(true);
    });

    it('count up from 1, each number once', async () => {
      const { store, key } = test();
      const counts = await Promise.all(
        Array.from({ length: 20 }, () => store.increment(key, { ttlMs: 60_000 })),
      );
      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
      expect(await store.get(key)).toBe('20');
    });

    it('keep the time to live of the first increment', async () => {
      const { store, key, pass } = test();
      // Where the machine stood still, the first count may be over before the second: then once more.
      for (;;) {
        await store.increment(key, { ttlMs: 100 });
        if ((await store.increment(key, { ttlMs: 60_000 })) === 2) break;
        await store.delete(key);
      }
      await pass(110);
      expect(await store.increment(key, { ttlMs: 100 })).toBe(1);
    });

    it('that are no numbers are not counted', async () => {
      const { store, key } = test();
      await store.set(key, 'word', { ttlMs: 60_000 });
      await expect(store.increment(key, { ttlMs: 60_000 })).rejects.toThrow(NotACounterError);
    });

    it('are deleted by comparison only by who knows them', async () => {
      const { store, key } = test();
      await store.set(key, 'mine', { ttlMs: 60_000 });
      expect(await store.compareAndDelete(key, 'theirs')).toBe(false);
      expect(await store.get(key)).toBe('mine');
      expect(await store.compareAndDelete(key, 'mine')).toBe(true);
      expect(await store.compareAndDelete(key, 'mine')).toBe(false);
    });

    it('are out of reach after close', async () => {
      const { store, key } = test();
      await store.close();
      await store.close();
      expect(store.isConnected).toBe(false);
      await expect(store.get(key)).rejects.toThrow(KeyValueUnavailableError);
      await expect(store.increment(key, { ttlMs: 1 })).rejects.toThrow(KeyValueUnavailableError);
    });
  });
}
