/**
 * How a model is called for a summary: as for a step, so that the provider's cache still fits, but with an output that the window has
 * room for, and with no more thinking than leaves room to write.
 */
import { REASONING_EFFORTS } from '@parley/contracts';
import type { ModelSettings } from '@parley/llm';

/** Every model in use can write that much. */
const MAX_TOKENS = 8_192;
/** For models that think, whose thinking counts as output. */
const MAX_TOKENS_WITH_THINKING = 32_000;
/** With less room than that the model should write and not think. */
const MIN_TOKENS_TO_THINK = 16_384;
/** The provider may still refuse it: then the prompt is made smaller. */
const MIN_TOKENS = 512;
const MOST_EFFORT = 'medium';

/** @param windowLeft tokens between the prompt and the context limit */
export function summarySettings(settings: ModelSettings, windowLeft: number): ModelSettings {
  const { reasoningEffort, ...rest } = settings;
  const most = reasoningEffort === undefined ? MAX_TOKENS : MAX_TOKENS_WITH_THINKING;
  const wished = Math.min(most, settings.maxOutputTokens ?? most, Math.floor(windowLeft));
  const maxOutputTokens = Math.max(MIN_TOKENS, wished);
  if (reasoningEffort === undefined || maxOutputTokens < MIN_TOKENS_TO_THINK)
    return { ...rest, maxOutputTokens };
  const isMore = REASONING_EFFORTS.indexOf(reasoningEffort) > REASONING_EFFORTS.indexOf(MOST_EFFORT);
  return { ...rest, maxOutputTokens, reasoningEffort: isMore ? MOST_EFFORT : reasoningEffort };
}
