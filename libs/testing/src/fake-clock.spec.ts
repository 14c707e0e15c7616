import { FakeClock } from './fake-clock';

describe('FakeClock', () => {
  it('moves only when it is advanced', async () => {
    const clock = new FakeClock(1_000);
    expect(clock.now()).toBe(1_000);
    await clock.advance(250);
    expect(clock.now()).toBe(1_250);
  });

  it('wakes sleepers in the order they are due, each at its own time', async () => {
    const clock = new FakeClock(0);
    const woken: string[] = [];
    const sleepers = [30, 10, 20].map((ms) =>
      clock.sleep(ms, { name: `after ${ms}` }).then(() => woken.push(`${ms} at ${clock.now()}`)),
    );
    await clock.advance(20);
    expect(woken).toEqual(['10 at 10', '20 at 20']);
    await clock.advance(10);
    await Promise.all(sleepers);
    expect(woken).toHaveLength(3);
  });

  it('wakes a loop as often as it is due within one advance', async () => {
    const clock = new FakeClock(0);
    let rounds = 0;
    const stop = new AbortController();
    const loop = (async () => {
      for (;;) {
        await clock.sleep(10, { name: 'sweep', signal: stop.signal });
        rounds += 1;
      }
    })();
    await clock.advance(35);
    expect(rounds).toBe(3);
    expect(clock.sleepers('sweep')).toEqual([expect.objectContaining({ name: 'sweep', dueAt: 40 })]);
    stop.abort(new Error('stopped'));
    await expect(loop).rejects.toThrow('stopped');
    expect(clock.sleepers()).toEqual([]);
  });

  it('tells when somebody falls asleep under a name, now or later', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const waiting = clock.waitForSleeper('heartbeat');
    void clock.sleep(5, { name: 'other', signal: stop.signal }).catch(() => undefined);
    const sleeping = clock.sleep(5, { name: 'heartbeat' });
    await waiting;
    await clock.waitForSleeper('heartbeat');
    await clock.advance(5);
    await sleeping;
    stop.abort();
  });

  it('refuses to sleep on a signal that has aborted', async () => {
    const reason = new Error('stopped before');
    const sleep = new FakeClock().sleep(5, { name: 'late', signal: AbortSignal.abort(reason) });
    await expect(sleep).rejects.toBe(reason);
  });
});
