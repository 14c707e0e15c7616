import { newModelCallConfig, type ModelCallConfig } from '@parley/contracts';
import { refusedOptions } from './option-refusals';

const fields = (
  type: 'openai' | 'anthropic' | 'openai-compat',
  config: ModelCallConfig,
  modelName = 'claude-sonnet-5',
) => refusedOptions({ type, modelName, config }).map(({ field }) => field);
const openai = (options: object) => ({ provider_options: { openai: options } }) as ModelCallConfig;
const anthropic = (options: object, more: ModelCallConfig = {}) =>
  ({ ...more, provider_options: { anthropic: options } }) as ModelCallConfig;

/** A value of each option, the only ones that a request may name. */
const OPENAI = {
  parallel_tool_calls: true,
  user: 'u',
  text_verbosity: 'low',
  metadata: { a: 'b' },
  prompt_cache_key: 'k',
  safety_identifier: 's',
  service_tier: 'flex',
  store: false,
  include: ['message.output_text.logprobs'],
  instructions: 'i',
  max_tool_calls: 1,
  reasoning_summary: 'auto',
  strict_json_schema: false,
  web_search_enabled: true,
  search_context_size: 'low',
  allowed_domains: ['example.org'],
  logit_bias: { '1': 2 },
  max_completion_tokens: 1,
  prediction: { type: 'content', content: 'c' },
  structured_outputs: true,
};
const RESPONSES_ONLY = [
  'include',
  'instructions',
  'max_tool_calls',
  'reasoning_summary',
  'strict_json_schema',
  'web_search_enabled',
  'search_context_size',
  'allowed_domains',
];
const CHAT_ONLY = ['logit_bias', 'max_completion_tokens', 'prediction', 'structured_outputs'];

describe('options that a transport does not take', () => {
  test('are known one by one, for both of the APIs of OpenAI', () => {
    const parsed = newModelCallConfig.parse(openai(OPENAI));
    expect(parsed).toEqual(openai(OPENAI));
    const named = (names: readonly string[]) => names.map((name) => `provider_options.openai.${name}`);
    expect(fields('openai', parsed)).toEqual(named(CHAT_ONLY));
    expect(fields('openai', { ...parsed, use_responses_api: false })).toEqual(named(RESPONSES_ONLY));
    expect(fields('openai-compat', parsed)).toEqual(named(RESPONSES_ONLY));
    expect(fields('openai-compat', { ...parsed, use_responses_api: true })).toEqual(named(CHAT_ONLY));
  });

  test('of another provider are refused as a whole', () => {
    expect(fields('anthropic', { ...openai(OPENAI), use_responses_api: true })).toEqual([
      'use_responses_api',
      'provider_options.openai',
    ]);
    expect(fields('openai', anthropic({ send_reasoning: true }))).toEqual(['provider_options.anthropic']);
  });

  test('among the common settings are told apart by the API', () => {
    const config = { top_k: 5, presence_penalty: 1, frequency_penalty: 1, temperature: 2, top_p: 0.5 };
    expect(fields('openai', config)).toEqual(['top_k', 'presence_penalty', 'frequency_penalty']);
    expect(fields('openai-compat', config)).toEqual(['top_k']);
    expect(fields('anthropic', { top_k: 5, temperature: 1.5 })).toEqual(['temperature']);
  });

  test('contradict thinking at Anthropic, as the API would say', () => {
    const effort = { reasoning_effort: { default: 'low', max: 'high' } } as const;
    expect(fields('anthropic', { ...effort, temperature: 0.5, top_p: 0.9, top_k: 1 })).toEqual([
      'temperature',
      'top_p',
      'top_k',
    ]);
    expect(
      fields('anthropic', { reasoning_effort: { default: 'none', max: 'none' }, temperature: 0.5 }),
    ).toEqual([]);
    const budget = 'provider_options.anthropic.thinking.budget_tokens';
    const thinking = { thinking: { budget_tokens: 2_000 } };
    expect(fields('anthropic', anthropic(thinking))).toEqual([budget]);
    expect(fields('anthropic', anthropic(thinking), 'claude-sonnet-4-5')).toEqual([]);
    expect(fields('anthropic', anthropic(thinking, effort), 'claude-sonnet-4-5')).toEqual([budget]);
    expect(
      fields('anthropic', anthropic(thinking, { max_output_tokens: 2_000 }), 'claude-sonnet-4-5'),
    ).toEqual([budget]);
  });

  test('contradict each other', () => {
    const domains = { web_search_enabled: true, allowed_domains: ['a.org'] };
    expect(fields('anthropic', anthropic(domains))).toEqual([]);
    expect(fields('anthropic', anthropic({ ...domains, blocked_domains: ['b.org'] }))).toEqual([
      'provider_options.anthropic.blocked_domains',
    ]);
  });

  test('say the same twice', () => {
    const config = { ...openai({ max_completion_tokens: 5 }), max_output_tokens: 5 };
    expect(fields('openai-compat', config)).toEqual(['provider_options.openai.max_completion_tokens']);
  });

  test.each([
    ['an unknown setting', { temprature: 1 }],
    ['an unknown provider', { provider_options: { google: {} } }],
    ['an unknown option', openai({ previous_response_id: 'x' })],
    ['an unknown option of Anthropic', anthropic({ web_search: true })],
    ['an unknown field inside an option', anthropic({ thinking: { budget_tokens: 2_000, type: 'enabled' } })],
  ])('nobody knows are refused by the schema: %s', (_what, config) => {
    expect(newModelCallConfig.safeParse(config).error?.issues[0]?.code).toBe('unrecognized_keys');
  });
});
