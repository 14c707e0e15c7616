import type Anthropic from '@anthropic-ai/sdk';
import type { ReasoningEffort } from '@parley/contracts';
import type { ModelRequest } from '../../model-client';

type Thinking = Pick<Anthropic.MessageCreateParamsStreaming, 'thinking' | 'output_config'>;

const MIN_BUDGET_TOKENS = 1_024;

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

/** Models that take a token budget for thinking; all later ones decide themselves, guided by an effort. */
const TAKES_BUDGET = /^claude-(3|(opus|sonnet|haiku)-4(-[0-5])?(-\d{8})?(@|$))/;

/** How the model is told to think; nothing when no effort is configured or when thinking would break the open tool loop. */
export function thinkingOf(
  request: ModelRequest,
  model: { name: string; maxTokens: number; turns: readonly Anthropic.MessageParam[] },
): Thinking {
  const { reasoningEffort: effort, anthropic } = request.settings;
  const display = anthropic?.thinking_display;
  const budgetTokens = anthropic?.thinking?.budget_tokens;
  if (budgetTokens !== undefined) {
    const budget_tokens = Math.min(budgetTokens, model.maxTokens - 1);
    if (budget_tokens < MIN_BUDGET_TOKENS || continuesUnthinkingStep(model.turns)) return {};
    return { thinking: { type: 'enabled', budget_tokens, ...(display !== undefined && { display }) } };
  }
  if (effort === undefined || effort === 'none') return {};
  if (!takesThinkingBudget(model.name)) {
    return {
      thinking: { type: 'adaptive', display: display ?? 'summarized' },
      output_config: { effort: EFFORTS[effort] },
    };
  }
  const budget = Math.min(BUDGET_TOKENS[effort], model.maxTokens - 1);
  if (budget < MIN_BUDGET_TOKENS || continuesUnthinkingStep(model.turns)) return {};
  return {
    thinking: { type: 'enabled', budget_tokens: budget, ...(display !== undefined && { display }) },
  };
}

export const takesThinkingBudget = (modelName: string): boolean => TAKES_BUDGET.test(modelName);

/**
 * Within a tool loop the API demands that the last answer begins with its thinking. It has none when another provider wrote it, or when it
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
