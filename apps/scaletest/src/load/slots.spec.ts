import { Barrier } from './barrier';
import { ClosedLoop, OpenLoop } from './slots';

const running = new AbortController().signal;

describe('ClosedLoop', () => {
  it('gives each chat its turns at once, and then none', async () => {
    const loop = new ClosedLoop({ turns: 2, signal: running });
    loop.start();
    const slots = loop.forChat();
    expect(await slots.next()).toEqual(expect.any(Number));
    expect(await slots.next()).toEqual(expect.any(Number));
    expect(await slots.next()).toBeNull();
    expect(await loop.forChat().next()).toEqual(expect.any(Number));
  });

  it('ends when the run is stopped', async () => {
    const stopping = new AbortController();
    const slots = new ClosedLoop({ durationMs: 60_000, signal: stopping.signal }).forChat();
    expect(await slots.next()).not.toBeNull();
    stopping.abort();
    expect(await slots.next()).toBeNull();
  });
});

describe('OpenLoop', () => {
  it('keeps the intended times of turns that found no free chat', async () => {
    const loop = new OpenLoop([0, 0, 5].values(), running);
    const before = performance.now();
    loop.start();
    const after = performance.now();
    expect(loop.worstBacklog).toBe(2);
    const [first, second, third] = [await loop.next(), await loop.next(), await loop.next()];
    expect(first).toBeGreaterThanOrEqual(before);
    expect(first).toBeLessThanOrEqual(after);
    expect(second).toBe(first);
    expect((third ?? NaN) - (first ?? NaN)).toBeCloseTo(5, 6);
    expect(await loop.next()).toBeNull();
  });

  it('releases waiting chats when it is stopped', async () => {
    const stopping = new AbortController();
    const loop = new OpenLoop([60_000].values(), stopping.signal);
    loop.start();
    const next = loop.next();
    stopping.abort();
    expect(await next).toBeNull();
  });
});

describe('Barrier', () => {
  it('releases all when the last has arrived and the work between is done', async () => {
    const steps: string[] = [];
    const barrier = new Barrier(2, () => {
      steps.push('between');
      return Promise.resolve();
    });
    const released = barrier.untilReleased().then(() => steps.push('released'));
    barrier.arrive();
    await Promise.resolve();
    expect(steps).toEqual([]);
    barrier.arrive();
    await released;
    expect(steps).toEqual(['between', 'released']);
  });
});
