/**
 * Which options the API of a model does not take (`chat-api` section 8.4). They are refused where a model is configured, by their
 * names, because at the call it would be too late: an API refuses the whole request, or a library drops them silently.
 */
import type { FieldError, ModelCallConfig, ProviderType } from '@parley/contracts';
import { takesThinkingBudget } from './adapters/anthropic/model-families';
import { apiOf, type ModelApi } from './adapters/model-connection';

/** Options that not every API takes, with those that do. A spec compares it with the schema of the configuration. */
const TAKEN_BY: Readonly<Record<string, readonly ModelApi[]>> = {
  top_k: ['messages'],
  presence_penalty: ['chat-completions'],
  frequency_penalty: ['chat-completions'],
  use_responses_api: ['responses', 'chat-completions'],
  'provider_options.openai': ['responses', 'chat-completions'],
  'provider_options.openai.include': ['responses'],
  'provider_options.openai.instructions': ['responses'],
  'provider_options.openai.max_tool_calls': ['responses'],
  'provider_options.openai.reasoning_summary': ['responses'],
  'provider_options.openai.strict_json_schema': ['responses'],
  'provider_options.openai.web_search_enabled': ['responses'],
  'provider_options.openai.search_context_size': ['responses'],
  'provider_options.openai.allowed_domains': ['responses'],
  'provider_options.openai.logit_bias': ['chat-completions'],
  'provider_options.openai.max_completion_tokens': ['chat-completions'],
  'provider_options.openai.prediction': ['chat-completions'],
  'provider_options.openai.structured_outputs': ['chat-completions'],
  'provider_options.anthropic': ['messages'],
};

const API_NAMES: Readonly<Record<ModelApi, string>> = {
  responses: "OpenAI's Responses API",
  'chat-completions': 'Chat Completions',
  messages: "Anthropic's Messages API",
};

export interface ConfiguredModel {
  readonly type: ProviderType;
  readonly modelName: string;
  readonly config: ModelCallConfig;
}

/** One entry for each option at fault, its field as in the configuration: `provider_options.openai.include`. Empty: all are taken. */
export function refusedOptions({ type, modelName, config }: ConfiguredModel): FieldError[] {
  const api = apiOf({ type, useResponsesApi: config.use_responses_api });
  const foreign = Object.entries(TAKEN_BY)
    .filter(([field, apis]) => !apis.includes(api) && isGiven(config, field))
    .map(([field]) => ({
      field,
      detail: `is no option of ${API_NAMES[api]}, which this model is called by`,
    }));
  if (foreign.length > 0) return outermost(foreign);
  return api === 'messages' ? refusedByMessages(config, modelName) : refusedByOpenAi(config);
}

function refusedByOpenAi({ max_output_tokens, provider_options }: ModelCallConfig): FieldError[] {
  if (max_output_tokens === undefined || provider_options?.openai?.max_completion_tokens === undefined)
    return [];
  const field = 'provider_options.openai.max_completion_tokens';
  return [{ field, detail: 'means the same as max_output_tokens: set one of them' }];
}

function refusedByMessages(config: ModelCallConfig, modelName: string): FieldError[] {
  const { temperature, top_p, top_k, max_output_tokens, reasoning_effort, provider_options } = config;
  const anthropic = provider_options?.anthropic;
  const budget = anthropic?.thinking?.budget_tokens;
  const thinks = budget !== undefined || (reasoning_effort !== undefined && reasoning_effort.max !== 'none');
  const budgetField = 'provider_options.anthropic.thinking.budget_tokens';
  const rules: readonly [boolean, string, string][] = [
    [(temperature ?? 0) > 1, 'temperature', 'must be at most 1 for this provider'],
    [thinks && (temperature ?? 1) !== 1, 'temperature', 'must be 1 or absent while the model thinks'],
    [thinks && (top_p ?? 1) < 0.95, 'top_p', 'must be at least 0.95 while the model thinks'],
    [thinks && top_k !== undefined, 'top_k', 'must be absent while the model thinks'],
    [
      budget !== undefined && reasoning_effort !== undefined,
      budgetField,
      'cannot stand beside reasoning_effort',
    ],
    [
      budget !== undefined && !takesThinkingBudget(modelName),
      budgetField,
      'is not taken by this model: set reasoning_effort instead',
    ],
    [
      budget !== undefined && max_output_tokens !== undefined && budget >= max_output_tokens,
      budgetField,
      'must be less than max_output_tokens',
    ],
    [
      anthropic?.allowed_domains !== undefined && anthropic.blocked_domains !== undefined,
      'provider_options.anthropic.blocked_domains',
      'cannot stand beside allowed_domains',
    ],
  ];
  return rules.filter(([isBroken]) => isBroken).map(([, field, detail]) => ({ field, detail }));
}

function isGiven(config: ModelCallConfig, field: string): boolean {
  let value: unknown = config;
  for (const key of field.split('.')) {
    value =
      typeof value === 'object' && value !== null
        ? Object.entries(value).find(([name]) => name === key)?.[1]
        : undefined;
  }
  return value !== undefined;
}

/** Without what is inside of what is refused as a whole. */
function outermost(refused: readonly FieldError[]): FieldError[] {
  return refused.filter(({ field }) => !refused.some((other) => field.startsWith(`${other.field}.`)));
}
