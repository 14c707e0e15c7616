/**
 * What one call of a model costs.
 *
 * Prices are US dollars per million tokens, so tokens times price *is* micro-dollars. The four kinds of tokens are disjoint: `input_tokens`
 * excludes what the cache gave or took, and reasoning is a part of the output, never added to it. The sum is exact (decimal, no
 * binary fractions) and rounded up once, so that a tiny call is never free. No cost is not a cost of 0: it means that nothing
 * is known, because there is no price, no usage, or usage only where there is no price.
 */
import { type MessageUsage, type ModelPrices } from '@parley/contracts';
import { Decimal } from 'decimal.js';

/** Enough digits for the largest count times the longest price: products and their sum are exact. */
const Exact = Decimal.clone({ precision: 60, rounding: Decimal.ROUND_CEIL });

const PRICED_TOKENS = [
  ['input_tokens', 'input_price_per_million_tokens'],
  ['output_tokens', 'output_price_per_million_tokens'],
  ['cache_read_tokens', 'cache_read_price_per_million_tokens'],
  ['cache_creation_tokens', 'cache_write_price_per_million_tokens'],
] as const satisfies readonly (readonly [keyof MessageUsage, keyof ModelPrices])[];

/** Whole micro-dollars, rounded up; null when unknown. A sum beyond 2^53 - 1 is cut to that: no counter of tokens is right then. */
export function costMicros(prices: ModelPrices | undefined, usage: MessageUsage | undefined): number | null {
  if (prices === undefined || usage === undefined) return null;
  const costs = PRICED_TOKENS.flatMap(([tokens, price]) => {
    const [count, usd] = [usage[tokens] ?? 0, prices[price] ?? null];
    return count > 0 && usd !== null ? [new Exact(usd).times(count)] : [];
  });
  if (costs.length === 0) return null;
  const micros = costs.reduce((sum, cost) => sum.plus(cost), new Exact(0)).ceil();
  return Math.min(micros.toNumber(), Number.MAX_SAFE_INTEGER);
}
