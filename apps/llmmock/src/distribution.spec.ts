import { type Distribution, MAX_WAIT_MS, sampleMs } from './distribution';
import { createRandom } from './random';

function samples(distribution: Distribution, seed = 'seed'): number[] {
  const random = createRandom(seed);
  return Array.from({ length: 20_000 }, () => sampleMs(distribution, random));
}
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * q)] ?? NaN;

describe('distributions', () => {
  test('the same seed draws the same waits, another seed others', () => {
    expect(samples({ exponential: 10 })).toEqual(samples({ exponential: 10 }));
    expect(samples({ exponential: 10 })).not.toEqual(samples({ exponential: 10 }, 'other'));
  });

  test('each has the shape its name says', () => {
    expect(new Set(samples({ fixed: 7 }))).toEqual(new Set([7]));
    const uniform = samples({ uniform: [10, 30] });
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...uniform)).toBeLessThanOrEqual(30);
    expect(mean(uniform)).toBeCloseTo(20, 0);
    expect(mean(samples({ exponential: 50 }))).toBeGreaterThan(48);
    expect(mean(samples({ exponential: 50 }))).toBeLessThan(52);
    expect(quantile(samples({ lognormal: { median: 40, sigma: 1 } }), 0.5)).toBeCloseTo(40, -1);
    expect(quantile(samples({ lognormal: { median: 40, sigma: 1 } }), 0.99)).toBeGreaterThan(300);
    expect(Math.min(...samples({ pareto: { min: 5, shape: 1.5 } }))).toBeGreaterThanOrEqual(5);
    expect(quantile(samples({ pareto: { min: 5, shape: 1.5 } }), 0.5)).toBeCloseTo(5 * 2 ** (1 / 1.5), 0);
  });

  test('no draw of a heavy tail is longer than the bound', () => {
    expect(Math.max(...samples({ pareto: { min: 1000, shape: 0.2 } }))).toBe(MAX_WAIT_MS);
  });
});
