import { createRandom } from '@parley/llmmock';
import { arrivalTimes, type Arrivals } from './arrivals';

const timesOf = (arrivals: Arrivals, seed = 'seed'): number[] => [
  ...arrivalTimes(arrivals, createRandom(seed)),
];

describe('arrivals', () => {
  it('a fixed rate is evenly spaced from the start', () => {
    expect(timesOf({ kind: 'rate', perSecond: 10, durationMs: 500 })).toEqual([0, 100, 200, 300, 400]);
  });

  it('Poisson arrivals keep the rate, have exponential gaps and repeat with their seed', () => {
    const arrivals = { kind: 'poisson', perSecond: 100, durationMs: 100_000 } as const;
    const times = timesOf(arrivals);
    expect(times.length).toBeGreaterThan(9_600);
    expect(times.length).toBeLessThan(10_400);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    const longer = gaps.filter((gap) => gap > 10).length / gaps.length;
    expect(longer).toBeGreaterThan(0.34);
    expect(longer).toBeLessThan(0.4);
    expect(timesOf(arrivals)).toEqual(times);
    expect(timesOf(arrivals, 'another')).not.toEqual(times);
  });

  it('a ramp has three quarters of its arrivals in its second half', () => {
    const times = timesOf({ kind: 'ramp', perSecond: 200, durationMs: 60_000 });
    const late = times.filter((time) => time >= 30_000).length / times.length;
    expect(late).toBeGreaterThan(0.72);
    expect(late).toBeLessThan(0.78);
  });

  it('a spike is ten times as dense in its middle fifth', () => {
    const times = timesOf({ kind: 'spike', perSecond: 500, durationMs: 50_000 });
    const inSpike = times.filter((time) => time >= 20_000 && time < 30_000).length;
    const around = times.length - inSpike;
    expect(inSpike / (around / 4)).toBeGreaterThan(8);
    expect(inSpike / (around / 4)).toBeLessThan(12);
  });
});
