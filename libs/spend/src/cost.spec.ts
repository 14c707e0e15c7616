import type { MessageUsage, ModelPrices } from '@parley/contracts';
import fc from 'fast-check';
import { costMicros } from './cost';

const prices = (input: string, output: string, read?: string, write?: string): ModelPrices => ({
  input_price_per_million_tokens: input,
  output_price_per_million_tokens: output,
  cache_read_price_per_million_tokens: read ?? null,
  cache_write_price_per_million_tokens: write ?? null,
});

describe('the cost of a call', () => {
  test('is the sum over the four kinds of tokens', () => {
    const usage = {
      input_tokens: 1000,
      output_tokens: 200,
      cache_read_tokens: 4000,
      cache_creation_tokens: 10,
    };
    expect(costMicros(prices('3', '15', '0.3', '3.75'), usage)).toBe(3000 + 3000 + 1200 + 38);
  });

  test('is rounded up once, over all, so that a tiny call is never free', () => {
    expect(costMicros(prices('0.000001', '0.000001'), { input_tokens: 1, output_tokens: 1 })).toBe(1);
    expect(costMicros(prices('0.5', '0.5'), { input_tokens: 1, output_tokens: 1 })).toBe(1);
  });

  test('has no error of binary fractions', () => {
    expect(costMicros(prices('0.1', '0.2'), { input_tokens: 1, output_tokens: 1 })).toBe(1);
    expect(costMicros(prices('0.1', '0.1'), { input_tokens: 3, output_tokens: 7 })).toBe(1);
    expect(costMicros(prices('1.1', '0'), { input_tokens: 10 })).toBe(11);
  });

  test('does not add reasoning, which the output includes', () => {
    const usage = { output_tokens: 100, reasoning_tokens: 90 };
    expect(costMicros(prices('1', '1'), usage)).toBe(100);
  });

  test('is unknown without a price, without usage, and where only unpriced tokens were used', () => {
    expect(costMicros({}, { input_tokens: 1 })).toBeNull();
    expect(costMicros(undefined, { input_tokens: 1 })).toBeNull();
    expect(costMicros(prices('1', '1'), undefined)).toBeNull();
    expect(costMicros(prices('1', '1'), {})).toBeNull();
    expect(costMicros(prices('1', '1'), { cache_read_tokens: 5 })).toBeNull();
  });

  test('is 0, not unknown, where the price is 0', () => {
    expect(costMicros(prices('0', '0'), { input_tokens: 5 })).toBe(0);
  });

  test('of a count that cannot be right is still a number that Postgres takes', () => {
    expect(costMicros(prices('1000000', '0'), { input_tokens: Number.MAX_SAFE_INTEGER })).toBe(
      Number.MAX_SAFE_INTEGER,
    );
  });
});

const count = fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 10_000_000 }));
const usages = fc.record({
  input_tokens: count,
  output_tokens: count,
  cache_read_tokens: count,
  cache_creation_tokens: count,
  reasoning_tokens: count,
});
/** A price with six decimals, as millionths: what whole numbers can check. */
const micropriced = fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 200_000_000 }));
const micropricesOfFour = fc.tuple(micropriced, micropriced, micropriced, micropriced);

const text = (microprice: number | null): string | null =>
  microprice === null
    ? null
    : `${Math.floor(microprice / 1_000_000)}.${String(microprice % 1_000_000).padStart(6, '0')}`;

test('equals whole-number arithmetic for any usage and any prices', () => {
  fc.assert(
    fc.property(usages, micropricesOfFour, (usage, microprices) => {
      const [input, output, read, write] = microprices.map(text);
      const tokens = [
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_creation_tokens,
      ];
      const products = tokens.flatMap((tokenCount, index) => {
        const microprice = microprices[index] ?? null;
        return (tokenCount ?? 0) > 0 && microprice !== null
          ? [BigInt(tokenCount ?? 0) * BigInt(microprice)]
          : [];
      });
      const sum = products.reduce((total, product) => total + product, 0n);
      const expected = products.length === 0 ? null : Number((sum + 999_999n) / 1_000_000n);
      const known = Object.fromEntries(
        Object.entries(usage).filter(([, value]) => value !== undefined),
      ) as MessageUsage;
      const given = {
        input_price_per_million_tokens: input ?? null,
        output_price_per_million_tokens: output ?? null,
        cache_read_price_per_million_tokens: read ?? null,
        cache_write_price_per_million_tokens: write ?? null,
      };
      expect(costMicros(given, known)).toBe(expected);
    }),
    { verbose: 1 },
  );
});
