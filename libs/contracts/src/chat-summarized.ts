/**
 * What people see of a compaction: a call and a result of the tool `chat_summarized`, which nobody can call. The result says what took
 * the place of the history for the model, and why.
 */
import { z } from 'zod';
import { text } from './strings';

export const CHAT_SUMMARIZED = 'chat_summarized';

export const chatSummarized = z.object({
  summary: text(),
  /** `automatic`: the history had grown over the threshold. `manual`: somebody asked for it. */
  source: z.enum(['automatic', 'manual']),
  /** Percent of the context limit over which the history is summarised by itself; 100: never. */
  threshold: z.number(),
  /** Percent of the context limit that was in use. */
  usage_percent: z.number(),
  context_tokens: z.number().int(),
  /** Tokens. The stricter one, when another model writes the summary. */
  context_limit: z.number().int(),
  /** The tokens were guessed: no step had told them. */
  estimated: z.boolean(),
});
export type ChatSummarized = z.infer<typeof chatSummarized>;
