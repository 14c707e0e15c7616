import { z } from 'zod';
import type { Random } from './random';

/** No single wait is longer than this, whatever a heavy tail draws. */
export const MAX_WAIT_MS = 600_000;

const milliseconds = z.number().min(0).max(MAX_WAIT_MS);

/**
 * How long to wait, in milliseconds: a plain number, or one of the shapes model APIs show in practice. `lognormal` and
 * `pareto` have the heavy tails; their samples are cut at MAX_WAIT_MS.
 */
export const distributionSchema = z.union([
  milliseconds,
  z.strictObject({ fixed: milliseconds }),
  z.strictObject({
    uniform: z
      .tuple([milliseconds, milliseconds])
      .refine(([low, high]) => low <= high, 'the first must not exceed the second'),
  }),
  z.strictObject({ exponential: milliseconds }),
  z.strictObject({ lognormal: z.strictObject({ median: milliseconds, sigma: z.number().min(0).max(5) }) }),
  z.strictObject({ pareto: z.strictObject({ min: milliseconds, shape: z.number().min(0.1).max(100) }) }),
]);

export type Distribution = z.infer<typeof distributionSchema>;

/** True when every sample is zero, so that no timer is needed at all. */
export function isAlwaysZero(distribution: Distribution): boolean {
  return (
    distribution === 0 ||
    (typeof distribution === 'object' && 'fixed' in distribution && distribution.fixed === 0)
  );
}

function draw(distribution: Distribution, random: Random): number {
  if (typeof distribution === 'number') return distribution;
  if ('fixed' in distribution) return distribution.fixed;
  if ('uniform' in distribution) {
    const [low, high] = distribution.uniform;
    return low + (high - low) * random();
  }
  if ('exponential' in distribution) return -distribution.exponential * Math.log(1 - random());
  if ('lognormal' in distribution) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return distribution.lognormal.median * Math.exp(distribution.lognormal.sigma * normal);
  }
  return distribution.pareto.min / Math.pow(1 - random(), 1 / distribution.pareto.shape);
}

/** One wait in milliseconds, between 0 and MAX_WAIT_MS. */
export function sampleMs(distribution: Distribution, random: Random): number {
  return Math.min(draw(distribution, random), MAX_WAIT_MS);
}
