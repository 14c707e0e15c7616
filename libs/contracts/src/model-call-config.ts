/**
 * How a model is called: settings that most APIs know, and options that only one of them has. What the API of a model does not take is
 * refused when it is configured (libs/llm `refusedOptions`): nothing is dropped silently.
 */
import { z } from 'zod';
import { reasoningEffort } from './chat';
import { plainText } from './strings';

const PRICE = /^\d{1,7}(\.\d{1,12})?$/;
const MAX_PRICE_USD = 1_000_000;

/** US dollars per million tokens, exact: a decimal text, as which it is also sent; a number is taken as it is written. */
const price = z
  .union([z.string(), z.number().transform(String)])
  .refine(
    (value) => PRICE.test(value) && Number(value) <= MAX_PRICE_USD,
    'must be a decimal number from 0 to 1000000 with at most 12 decimals',
  )
  .transform((value) => (value.includes('.') ? value.replace(/\.?0+$/, '') : value));

/** What a model costs. Absent or null: no price is known. 0: free. */
export const modelPrices = z.object({
  input_price_per_million_tokens: price.nullish(),
  output_price_per_million_tokens: price.nullish(),
  cache_read_price_per_million_tokens: price.nullish(),
  cache_write_price_per_million_tokens: price.nullish(),
});
export type ModelPrices = z.infer<typeof modelPrices>;

const tokens = (min: number) => z.int32('must be a whole number').min(min);
const shortText = (max: number) => plainText().min(1, 'must not be empty').max(max);

const domains = z.array(shortText(253)).min(1, 'must not be empty').max(100);

export const INCLUDABLE = [
  'file_search_call.results',
  'web_search_call.results',
  'web_search_call.action.sources',
  'message.input_image.image_url',
  'computer_call_output.output.image_url',
  'code_interpreter_call.outputs',
  'reasoning.encrypted_content',
  'message.output_text.logprobs',
] as const;

/** Options of OpenAI's APIs, and of servers that speak them. */
export const openAiOptions = z.object({
  parallel_tool_calls: z.boolean().optional(),
  user: shortText(256).optional(),
  text_verbosity: z.enum(['low', 'medium', 'high']).optional(),
  metadata: z
    .record(shortText(64), plainText().max(512))
    .refine((value) => Object.keys(value).length <= 16, 'must have at most 16 entries')
    .optional(),
  prompt_cache_key: shortText(64).optional(),
  safety_identifier: shortText(64).optional(),
  service_tier: z.enum(['auto', 'default', 'flex', 'scale', 'priority']).optional(),
  store: z.boolean().optional(),
  // Responses only
  include: z.array(z.enum(INCLUDABLE)).max(INCLUDABLE.length).optional(),
  instructions: plainText().min(1, 'must not be empty').max(32_768).optional(),
  max_tool_calls: tokens(1).optional(),
  reasoning_summary: z.enum(['auto', 'concise', 'detailed']).optional(),
  strict_json_schema: z.boolean().optional(),
  web_search_enabled: z.boolean().optional(),
  search_context_size: z.enum(['low', 'medium', 'high']).optional(),
  allowed_domains: domains.optional(),
  // Chat Completions only
  logit_bias: z
    .record(z.string().regex(/^\d{1,7}$/, 'must be the number of a token'), z.number().min(-100).max(100))
    .refine((value) => Object.keys(value).length <= 1_024, 'must have at most 1024 entries')
    .optional(),
  max_completion_tokens: tokens(1).optional(),
  prediction: z.strictObject({ type: z.literal('content'), content: plainText().max(65_536) }).optional(),
  structured_outputs: z.boolean().optional(),
});
export type OpenAiOptions = z.infer<typeof openAiOptions>;

/** Options of Anthropic's API. */
export const anthropicOptions = z.object({
  send_reasoning: z.boolean().optional(),
  thinking: z.strictObject({ budget_tokens: tokens(1_024) }).optional(),
  thinking_display: z.enum(['summarized', 'omitted']).optional(),
  disable_parallel_tool_use: z.boolean().optional(),
  context_1m_enabled: z.boolean().optional(),
  web_search_enabled: z.boolean().optional(),
  allowed_domains: domains.optional(),
  blocked_domains: domains.optional(),
});
export type AnthropicOptions = z.infer<typeof anthropicOptions>;

const settings = {
  max_output_tokens: tokens(1).optional(),
  temperature: z.number().min(0).max(2).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: tokens(1).optional(),
  presence_penalty: z.number().min(-2).max(2).optional(),
  frequency_penalty: z.number().min(-2).max(2).optional(),
  reasoning_effort: z.object({ default: reasoningEffort, max: reasoningEffort }).optional(),
  /** Responses or Chat Completions for OpenAI-like providers; absent: by provider type. */
  use_responses_api: z.boolean().optional(),
  cost: modelPrices.optional(),
};

/** As it is stored; options that a later version has added are passed over. */
export const modelCallConfig = z.object({
  ...settings,
  provider_options: z
    .object({ openai: openAiOptions.optional(), anthropic: anthropicOptions.optional() })
    .optional(),
});
export type ModelCallConfig = z.infer<typeof modelCallConfig>;

/** As it is asked for: an option that nobody knows is refused. */
export const newModelCallConfig = z.strictObject({
  ...settings,
  provider_options: z
    .strictObject({
      openai: z.strictObject(openAiOptions.shape).optional(),
      anthropic: z.strictObject(anthropicOptions.shape).optional(),
    })
    .optional(),
});
