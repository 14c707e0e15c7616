import type { KeyHolder } from './actor';
import { KeyHolderCache } from './key-holder-cache';

const holderOf = (apiKeyId: string, userId = 'user', validForMs = 60_000): KeyHolder => ({
  actor: { userId, username: 'u', name: '', isAdmin: false, organizationIds: [], apiKeyId },
  hashedSecret: Buffer.alloc(32),
  validForMs,
});

function setUp(load: (id: string) => Promise<KeyHolder | null>) {
  const loads: string[] = [];
  const clock = { time: 1_000 };
  const cache = new KeyHolderCache(
    (id) => {
      loads.push(id);
      return load(id);
    },
    () => clock.time,
  );
  return { cache, loads, clock };
}

describe('key holder cache', () => {
  test('a key is read once in ten seconds', async () => {
    const { cache, loads, clock } = setUp(async (id) => holderOf(id));
    await cache.get('a');
    clock.time += 9_999;
    await cache.get('a');
    expect(loads).toEqual(['a']);
    clock.time += 1;
    await cache.get('a');
    expect(loads).toEqual(['a', 'a']);
  });

  test('a key is not remembered beyond its own end', async () => {
    const { cache, loads, clock } = setUp(async (id) => holderOf(id, 'user', 500));
    await cache.get('a');
    clock.time += 500;
    await cache.get('a');
    expect(loads).toEqual(['a', 'a']);
  });

  test('an unknown key is remembered for two seconds', async () => {
    const { cache, loads, clock } = setUp(async () => null);
    expect(await cache.get('a')).toBeNull();
    clock.time += 1_999;
    expect(await cache.get('a')).toBeNull();
    expect(loads).toEqual(['a']);
    clock.time += 1;
    await cache.get('a');
    expect(loads).toEqual(['a', 'a']);
  });

  test('callers that miss together share one read, and its failure is not remembered', async () => {
    let isDown = true;
    const { cache, loads } = setUp(async (id) => {
      if (isDown) throw new Error('away');
      return holderOf(id);
    });
    const failed = await Promise.allSettled([cache.get('a'), cache.get('a'), cache.get('a')]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(loads).toEqual(['a']);
    isDown = false;
    await expect(cache.get('a')).resolves.toMatchObject({ actor: { apiKeyId: 'a' } });
  });

  test('a read that an invalidation overtook is neither remembered nor joined', async () => {
    const answers: ((holder: KeyHolder | null) => void)[] = [];
    const { cache, loads } = setUp(() => new Promise((resolve) => answers.push(resolve)));
    const before = cache.get('a');
    cache.invalidate('a');
    const after = cache.get('a');
    expect(loads).toEqual(['a', 'a']);
    answers[1]?.(null);
    await expect(after).resolves.toBeNull();
    answers[0]?.(holderOf('a'));
    await before;
    await expect(cache.get('a')).resolves.toBeNull();
    expect(loads).toHaveLength(2);
  });

  test('an invalidation forgets one key, the keys of one user, or all', async () => {
    const { cache, loads } = setUp(async (id) => holderOf(id, id.startsWith('x') ? 'xavier' : 'user'));
    const readAll = async () => {
      loads.length = 0;
      for (const id of ['a', 'b', 'x1', 'x2']) await cache.get(id);
      return [...loads];
    };
    await readAll();
    cache.invalidate('a');
    expect(await readAll()).toEqual(['a']);
    cache.invalidate('xavier');
    expect(await readAll()).toEqual(['x1', 'x2']);
    cache.invalidate();
    expect(await readAll()).toEqual(['a', 'b', 'x1', 'x2']);
  });

  test('a flood of unknown keys pushes out no known one', async () => {
    const { cache, loads } = setUp(async (id) => (id === 'known' ? holderOf(id) : null));
    await cache.get('known');
    for (let index = 0; index < 30_000; index += 1) await cache.get(`made-up-${index}`);
    loads.length = 0;
    await cache.get('known');
    expect(loads).toEqual([]);
  });
});
