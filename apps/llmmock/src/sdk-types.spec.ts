/**
 * The mock's strictness held against the types of the official SDKs: it knows every parameter that they have, and no other. The compiler
 * checks that the lists here are those of the types.
 */
import type Anthropic from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import { LlmMock } from './llm-mock';

type KeysOf<T> = T extends unknown ? keyof T : never;
/** `Documented`: what the API takes though this version of the SDK does not have it. `Header`: what the SDK sends beside the body. */
type Every<T, Documented extends string = never, Header extends string = never> = Readonly<
  Record<Exclude<KeysOf<T>, Header> | Documented, true>
>;

const namesOf = (all: object): string[] => Object.keys(all);

const chatCompletions: Every<OpenAI.Chat.ChatCompletionCreateParams> = {
  messages: true,
  model: true,
  audio: true,
  frequency_penalty: true,
  function_call: true,
  functions: true,
  logit_bias: true,
  logprobs: true,
  max_completion_tokens: true,
  max_tokens: true,
  metadata: true,
  modalities: true,
  moderation: true,
  n: true,
  parallel_tool_calls: true,
  prediction: true,
  presence_penalty: true,
  prompt_cache_key: true,
  prompt_cache_options: true,
  prompt_cache_retention: true,
  reasoning_effort: true,
  response_format: true,
  safety_identifier: true,
  seed: true,
  service_tier: true,
  stop: true,
  store: true,
  stream: true,
  stream_options: true,
  temperature: true,
  tool_choice: true,
  tools: true,
  top_logprobs: true,
  top_p: true,
  user: true,
  verbosity: true,
  web_search_options: true,
};
const responses: Every<OpenAI.Responses.ResponseCreateParams, 'max_tool_calls'> = {
  background: true,
  context_management: true,
  conversation: true,
  include: true,
  input: true,
  instructions: true,
  max_output_tokens: true,
  max_tool_calls: true,
  metadata: true,
  model: true,
  moderation: true,
  parallel_tool_calls: true,
  previous_response_id: true,
  prompt: true,
  prompt_cache_key: true,
  prompt_cache_options: true,
  prompt_cache_retention: true,
  reasoning: true,
  safety_identifier: true,
  service_tier: true,
  store: true,
  stream: true,
  stream_options: true,
  temperature: true,
  text: true,
  tool_choice: true,
  tools: true,
  top_logprobs: true,
  top_p: true,
  truncation: true,
  user: true,
};
const messages: Every<
  Anthropic.MessageCreateParams,
  'temperature' | 'top_k' | 'top_p',
  'user_profile_id' | 'workspace_id'
> = {
  max_tokens: true,
  messages: true,
  model: true,
  cache_control: true,
  container: true,
  diagnostics: true,
  inference_geo: true,
  metadata: true,
  output_config: true,
  service_tier: true,
  speed: true,
  stop_sequences: true,
  stream: true,
  system: true,
  temperature: true,
  thinking: true,
  tool_choice: true,
  tools: true,
  top_k: true,
  top_p: true,
};

const user = { role: 'user', content: 'Hi' };
const APIS = [
  ['chat/completions', { model: 'm', messages: [user] }, namesOf(chatCompletions)],
  ['responses', { model: 'm', input: 'Hi' }, namesOf(responses)],
  ['messages', { model: 'm', max_tokens: 10, messages: [user] }, namesOf(messages)],
] as const;
/** What the three APIs say of a parameter that they do not know. */
const UNKNOWN = /Unrecognized request argument|Unknown parameter|Extra inputs are not permitted/;

describe.each(APIS)('/v1/%s', (path, request, names) => {
  const mock = new LlmMock();
  let url: string;
  beforeAll(async () => {
    ({ url } = await mock.start());
  });
  afterAll(() => mock.stop());

  async function refusalOf(change: object): Promise<string> {
    const reply = await fetch(`${url}/v1/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer k',
        'x-api-key': 'k',
        'anthropic-version': '2023-06-01',
      },
      body: JSON.stringify({ ...request, ...change }),
    });
    const text = await reply.text();
    return reply.status === 200 ? '' : text;
  }

  test('a request without more is taken', async () => expect(await refusalOf({})).toBe(''));

  test.each(names)('%s is known', async (name) => {
    expect(await refusalOf({ [name]: request[name as keyof typeof request] ?? null })).not.toMatch(UNKNOWN);
  });

  test('what no SDK has is refused', async () => {
    for (const name of ['max_output', 'maxTokens', 'provider_options', 'thinking_budget'])
      expect(await refusalOf({ [name]: null })).toMatch(UNKNOWN);
  });
});
