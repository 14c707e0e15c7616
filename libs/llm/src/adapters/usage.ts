import type { MessageUsage } from '@parley/contracts';
import { valueAt } from '../json';

/** The whole number under `key`, or 0. */
export function countAt(value: unknown, key: string): number {
  const found = valueAt(value, key);
  return typeof found === 'number' && Number.isSafeInteger(found) && found > 0 ? found : 0;
}

export interface TokenCounts {
  /** Read anew: neither from the provider's cache nor written to it. */
  readonly input: number;
  /** Reasoning included. */
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheCreation: number;
  readonly reasoning: number;
}

/** Token counts as messages store them: the three kinds of input add up, and reasoning is a part of the output. */
export function messageUsage(counts: TokenCounts): MessageUsage {
  const { input, output, cacheRead, cacheCreation, reasoning } = counts;
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + cacheRead + cacheCreation + output,
    ...(reasoning > 0 && { reasoning_tokens: reasoning }),
    ...(cacheRead > 0 && { cache_read_tokens: cacheRead }),
    ...(cacheCreation > 0 && { cache_creation_tokens: cacheCreation }),
  };
}

/** OpenAI counts cached tokens as input, too. */
export function openAiUsage(counts: {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly cacheWrites: number;
  readonly reasoning: number;
}): MessageUsage {
  const cacheRead = Math.min(counts.cached, counts.input);
  const cacheCreation = Math.min(counts.cacheWrites, counts.input - cacheRead);
  return messageUsage({
    input: counts.input - cacheRead - cacheCreation,
    output: counts.output,
    cacheRead,
    cacheCreation,
    reasoning: counts.reasoning,
  });
}
