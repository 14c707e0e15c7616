import { Standstill } from './standstill';

const standStill = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

describe('Standstill', () => {
  it('is the time in which nothing could be done, and its longest stretch', async () => {
    const standstill = new Standstill();
    standStill(200);
    await new Promise((resolve) => setTimeout(resolve, 1));
    standStill(400);
    standstill.stop();
    expect(standstill.longestMs).toBeGreaterThan(370);
    expect(standstill.totalMs).toBeGreaterThan(550);
  });

  it('is none where timers come in time', () => {
    jest.useFakeTimers();
    const standstill = new Standstill();
    jest.advanceTimersByTime(10_000);
    standstill.stop();
    jest.useRealTimers();
    expect([standstill.longestMs, standstill.totalMs]).toEqual([0, 0]);
  });
});
