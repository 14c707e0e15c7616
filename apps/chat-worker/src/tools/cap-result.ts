/** How large the result of a call may be in the history. (How much of it a model gets to see depends on its context: libs/llm.) */
import { cutMiddle } from '@parley/llm';

export const MAX_RESULT_BYTES = 256 * 1024;

/**
 * The result itself, as JSON; of one that is too large the head and the tail of its text, and how much is missing.
 * @throws TypeError when it is no JSON value (a cycle, a BigInt)
 */
export function cappedResult(result: unknown): unknown {
  const json = JSON.stringify(result) as string | undefined;
  if (json === undefined) return {};
  const text = typeof result === 'string' ? result : json;
  const originalBytes = Buffer.byteLength(text);
  if (originalBytes <= MAX_RESULT_BYTES) return result;
  return {
    output: cutMiddle(text, MAX_RESULT_BYTES),
    truncated: {
      original_bytes: originalBytes,
      retained_bytes: MAX_RESULT_BYTES,
      omitted_bytes: originalBytes - MAX_RESULT_BYTES,
      strategy: 'head_and_tail',
    },
  };
}
