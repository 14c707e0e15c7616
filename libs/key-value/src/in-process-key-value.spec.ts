import { createInProcessKeyValue } from './in-process-key-value';
import { describeKeyValue } from './testing/key-value.testsuite';

describe('The in-process store', () => {
  const open = (limits: { maxEntries?: number; maxBytes?: number } = {}) => {
    let nowMs = 1_000;
    const store = createInProcessKeyValue({ ...limits, clock: { now: () => nowMs } });
    return { store, pass: async (ms: number) => void (nowMs += ms) };
  };
  describeKeyValue(async () => open());

  it('drops the oldest entries when it has too many, and expired ones before those', async () => {
    const { store, pass } = open({ maxEntries: 3 });
    await store.set('old', '1', { ttlMs: 60_000 });
    await store.set('short', '2', { ttlMs: 10 });
    await store.set('third', '3', { ttlMs: 60_000 });
    await pass(20);
    await store.set('fourth', '4', { ttlMs: 60_000 });
    expect(await store.get('old')).toBe('1');
    await store.set('fifth', '5', { ttlMs: 60_000 });
    expect(await store.get('old')).toBeUndefined();
    for (const [key, value] of [
      ['third', '3'],
      ['fourth', '4'],
      ['fifth', '5'],
    ] as const)
      expect(await store.get(key)).toBe(value);
  });

  it('drops entries when they have too many bytes', async () => {
    const { store } = open({ maxBytes: 100 });
    for (const key of ['a', 'b', 'c']) await store.set(key, 'x'.repeat(40), { ttlMs: 60_000 });
    expect(await store.get('a')).toBeUndefined();
    expect(await store.get('c')).toHaveLength(40);
    await store.set('c', 'y', { ttlMs: 60_000 });
    await store.set('d', 'x'.repeat(40), { ttlMs: 60_000 });
    expect(await store.get('b')).toHaveLength(40);
    await store.set('huge', 'x'.repeat(101), { ttlMs: 60_000 });
    expect(await store.get('huge')).toBeUndefined();
  });
});
