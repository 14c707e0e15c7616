/** How a model is told to think, and how many tokens it may write in all. */
import type Anthropic from '@anthropic-ai/sdk';
import type { ReasoningEffort } from '@parley/contracts';
import type { ModelRequest, ModelSettings } from '../../model-client';
import { maxOutputTokensOf, takesThinkingBudget } from './model-families';

type Thinking = Pick<Anthropic.MessageCreateParamsStreaming, 'thinking' | 'output_config'>;

const MIN_BUDGET_TOKENS = 1_024;
/** Thinking counts as output: so much of the limit, but no more than a quarter, is left for the answer. */
const ANSWER_TOKENS = 4_096;
/** The API demands a limit. */
const DEFAULT_MAX_TOKENS = 32_000;

/** Tokens of thinking for models that take a budget. */
const BUDGET_TOKENS: Readonly<Record<Exclude<ReasoningEffort, 'none'>, number>> = {
  minimal: MIN_BUDGET_TOKENS,
  low: 4_096,
  medium: 10_240,
  high: 24_576,
  xhigh: 32_768,
  max: 63_999,
};

const EFFORTS = {
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'xhigh',
  max: 'max',
} as const;

/** The limit of a request: as configured, else with room for the thinking that is wished for. */
export function maxTokensOf(settings: ModelSettings, modelName: string): number {
  const { maxOutputTokens } = settings;
  if (maxOutputTokens !== undefined) return maxOutputTokens;
  const wished = (wishedBudget(settings, modelName) ?? 0) + ANSWER_TOKENS;
  return Math.min(Math.max(DEFAULT_MAX_TOKENS, wished), maxOutputTokensOf(modelName));
}

/** Nothing when no effort is configured or when thinking would break the open tool loop. */
export function thinkingOf(
  { settings }: ModelRequest,
  model: { name: string; maxTokens: number; turns: readonly Anthropic.MessageParam[] },
): Thinking {
  const { reasoningEffort: effort, anthropic } = settings;
  const display = anthropic?.thinking_display;
  const wished = wishedBudget(settings, model.name);
  if (wished === undefined) {
    if (effort === undefined || effort === 'none') return {};
    return {
      thinking: { type: 'adaptive', display: display ?? 'summarized' },
      output_config: { effort: EFFORTS[effort] },
    };
  }
  const answerTokens = Math.min(ANSWER_TOKENS, Math.ceil(model.maxTokens / 4));
  const budget = Math.min(wished, model.maxTokens - answerTokens);
  if (budget < MIN_BUDGET_TOKENS || continuesUnthinkingStep(model.turns)) return {};
  return {
    thinking: { type: 'enabled', budget_tokens: budget, ...(display !== undefined && { display }) },
  };
}

function wishedBudget(
  { reasoningEffort: effort, anthropic }: ModelSettings,
  modelName: string,
): number | undefined {
  const configured = anthropic?.thinking?.budget_tokens;
  if (configured !== undefined) return configured;
  if (effort === undefined || effort === 'none' || !takesThinkingBudget(modelName)) return undefined;
  return BUDGET_TOKENS[effort];
}

/**
 * Within a tool loop the API demands that the last answer begins with its thinking. It has none when another model wrote it, or when it
 * was made up for a result without a call. Looked at as the API does: after neighbours of one role were joined.
 */
function continuesUnthinkingStep(turns: readonly Anthropic.MessageParam[]): boolean {
  const [answer, results] = turns.slice(-2);
  if (answer?.role !== 'assistant' || firstTypeOf(results) !== 'tool_result') return false;
  const first = firstTypeOf(answer);
  return first !== 'thinking' && first !== 'redacted_thinking';
}

function firstTypeOf(turn: Anthropic.MessageParam | undefined): string | undefined {
  return typeof turn?.content === 'string' ? 'text' : turn?.content[0]?.type;
}
