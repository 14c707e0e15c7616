/** How full the context is, as far as the last step told (`chat-api` section 7.3). Pure. */
import type { TranscriptRow } from '@parley/chat-state';

export interface ContextUsage {
  readonly tokens: number;
  /** No step since the boundary told its tokens. */
  readonly isEstimated: boolean;
  /** Tokens: the stricter one of the chat's model and of the one that summarises. */
  readonly limit: number;
  /** Percent of the limit. */
  readonly threshold: number;
}

/** From there on the history is never summarised by itself. */
const NEVER = 100;

/** The input tokens of the last step, or all its tokens when it did not tell them; undefined when no step did. */
export function lastStepTokens(rows: readonly TranscriptRow[]): number | undefined {
  const boundary = rows.findLastIndex((row) => row.compressed);
  const step = rows.findLastIndex((row) => row.role === 'assistant' && tokensOf(row) > 0);
  const last = step > boundary ? rows[step] : undefined;
  return last && tokensOf(last);
}

function tokensOf({ usage }: TranscriptRow): number {
  const { input_tokens = 0, cache_read_tokens = 0, cache_creation_tokens = 0, total_tokens = 0 } = usage;
  return input_tokens + cache_read_tokens + cache_creation_tokens || total_tokens;
}

export function isOverThreshold({ tokens, limit, threshold }: ContextUsage): boolean {
  return threshold < NEVER && tokens * 100 >= limit * threshold;
}

/** With one decimal. */
export function usagePercent({ tokens, limit }: ContextUsage): number {
  return Math.round((tokens / limit) * 1000) / 10;
}
