import { type ModelCallConfig, type ReasoningEffort, REASONING_EFFORTS } from '@parley/contracts';
import type { ModelSettings } from './model-client';

/**
 * How a model is called in this turn: its configuration, with the effort the chat asked for, else the model's default, clamped to the
 * model's maximum. A model without configured efforts gets none.
 */
export function settingsFor(callConfig: ModelCallConfig, wished: ReasoningEffort | undefined): ModelSettings {
  const {
    max_output_tokens: maxOutputTokens,
    temperature,
    top_p: topP,
    top_k: topK,
    presence_penalty: presencePenalty,
    frequency_penalty: frequencyPenalty,
    reasoning_effort: efforts,
    provider_options: { openai, anthropic } = {},
  } = callConfig;
  return {
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(topK !== undefined && { topK }),
    ...(presencePenalty !== undefined && { presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequencyPenalty }),
    ...(openai !== undefined && { openai }),
    ...(anthropic !== undefined && { anthropic }),
    ...(efforts !== undefined && { reasoningEffort: lower(wished ?? efforts.default, efforts.max) }),
  };
}

/** The same without the tools that the provider runs itself: in plan mode, and where no tools are offered. */
export function withoutProviderTools({ openai, anthropic, ...settings }: ModelSettings): ModelSettings {
  return {
    ...settings,
    ...(openai !== undefined && { openai: { ...openai, web_search_enabled: false } }),
    ...(anthropic !== undefined && { anthropic: { ...anthropic, web_search_enabled: false } }),
  };
}

function lower(left: ReasoningEffort, right: ReasoningEffort): ReasoningEffort {
  return REASONING_EFFORTS.indexOf(left) <= REASONING_EFFORTS.indexOf(right) ? left : right;
}
