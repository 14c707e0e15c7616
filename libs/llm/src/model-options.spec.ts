/** Every configured option arrives in the request of its API, and the strict mock takes it. */
import type { ModelCallConfig } from '@parley/contracts';
import { messagesRequest } from './adapters/anthropic/request';
import { chatRequest } from './adapters/openai-chat/request';
import { responsesRequest } from './adapters/openai-responses/request';
import type { ModelRequest } from './model-client';
import { settingsFor } from './model-settings';
import { refusedOptions } from './option-refusals';
import { asking, CASES, client, collect, idle, TOOL, useMock } from './testing/mock-clients';

const SONNET = { providerId: 'p3', modelName: 'claude-sonnet-5' };

useMock();

const shared = {
  parallel_tool_calls: false,
  user: 'u',
  text_verbosity: 'low',
  metadata: { team: 'a' },
  prompt_cache_key: 'k',
  safety_identifier: 's',
  service_tier: 'flex',
  store: false,
} as const;

const CONFIGS: Readonly<Record<string, ModelCallConfig>> = {
  'OpenAI Responses': {
    max_output_tokens: 100,
    reasoning_effort: { default: 'low', max: 'high' },
    provider_options: {
      openai: {
        ...shared,
        include: ['message.output_text.logprobs'],
        instructions: 'Rhyme.',
        max_tool_calls: 3,
        reasoning_summary: 'concise',
        strict_json_schema: false,
      },
    },
  },
  'OpenAI Chat Completions': {
    temperature: 1.5,
    top_p: 0.5,
    presence_penalty: 1,
    frequency_penalty: -1,
    provider_options: {
      openai: {
        ...shared,
        logit_bias: { '50256': -100 },
        max_completion_tokens: 100,
        prediction: { type: 'content', content: 'Hello' },
        structured_outputs: true,
      },
    },
  },
  'Anthropic Messages': {
    max_output_tokens: 4_000,
    temperature: 0.5,
    top_k: 5,
    provider_options: {
      anthropic: { disable_parallel_tool_use: true, send_reasoning: false, context_1m_enabled: true },
    },
  },
};

const requestOf = (name: string, more: Partial<ModelRequest> = {}): ModelRequest =>
  asking({ reply: 'Hi' }, { tools: [TOOL], settings: settingsFor(CONFIGS[name] ?? {}, undefined), ...more });

test.each(CASES)('%s takes all of its options', async (name, connection) => {
  const { type, modelName } = connection();
  expect(refusedOptions({ type, modelName, config: CONFIGS[name] ?? {} })).toEqual([]);
  const parts = await collect(client(connection()).stream(requestOf(name), idle()));
  expect(parts.at(-1)).toMatchObject({ type: 'finish' });
});

const connectionOf = (name: string) => {
  const found = CASES.find(([each]) => each === name);
  if (found === undefined) throw new Error(name);
  return found[1]();
};
const responseFormat = {
  name: 'f',
  schema: { type: 'object', properties: {}, required: [], additionalProperties: false },
};

test('Responses gets each option in its place', () => {
  const name = 'OpenAI Responses';
  expect(responsesRequest(requestOf(name, { responseFormat }), connectionOf(name))).toMatchObject({
    parallel_tool_calls: false,
    user: 'u',
    metadata: { team: 'a' },
    prompt_cache_key: 'k',
    safety_identifier: 's',
    service_tier: 'flex',
    store: false,
    include: ['reasoning.encrypted_content', 'message.output_text.logprobs'],
    instructions: 'Rhyme.',
    max_tool_calls: 3,
    reasoning: { effort: 'low', summary: 'concise' },
    text: { verbosity: 'low', format: { strict: false } },
  });
  const plain = responsesRequest(requestOf('', { tools: [] }), connectionOf(name));
  expect(plain).toMatchObject({ store: true, include: ['reasoning.encrypted_content'] });
});

test('Chat Completions gets each option in its place', () => {
  const name = 'OpenAI Chat Completions';
  expect(chatRequest(requestOf(name, { responseFormat }), connectionOf(name))).toMatchObject({
    temperature: 1.5,
    top_p: 0.5,
    presence_penalty: 1,
    frequency_penalty: -1,
    parallel_tool_calls: false,
    verbosity: 'low',
    logit_bias: { '50256': -100 },
    max_completion_tokens: 100,
    prediction: { type: 'content', content: 'Hello' },
    store: false,
    response_format: { type: 'json_schema' },
  });
});

test('Messages gets each option in its place, and thinking as it was asked for', () => {
  expect(messagesRequest(requestOf('Anthropic Messages'), SONNET)).toMatchObject({
    temperature: 0.5,
    top_k: 5,
    tool_choice: { type: 'auto', disable_parallel_tool_use: true },
  });
  const thinking = { thinking: { budget_tokens: 2_000 }, thinking_display: 'omitted' } as const;
  expect(
    messagesRequest(requestOf('', { settings: { anthropic: thinking } }), {
      ...SONNET,
      modelName: 'claude-sonnet-4-5',
    }),
  ).toMatchObject({
    thinking: { type: 'enabled', budget_tokens: 2_000, display: 'omitted' },
  });
  const effort = { reasoningEffort: 'high', anthropic: { thinking_display: 'omitted' } } as const;
  expect(messagesRequest(requestOf('', { settings: effort }), SONNET)).toMatchObject({
    thinking: { type: 'adaptive', display: 'omitted' },
  });
});

test('reasoning stays away from Anthropic where it shall not be sent, and a message of nothing else with it', () => {
  const signed = {
    type: 'reasoning',
    text: 'hm',
    providerMetadata: { anthropic: { signature: 's' } },
  } as const;
  const messages = [
    { role: 'user', parts: [{ type: 'text', text: 'a' }] },
    { role: 'assistant', parts: [signed, { type: 'text', text: 'b' }] },
    { role: 'user', parts: [{ type: 'text', text: 'c' }] },
  ] as const;
  const body = (sends: boolean) =>
    messagesRequest({ messages, tools: [], settings: { anthropic: { send_reasoning: sends } } }, SONNET);
  expect(JSON.stringify(body(true))).toContain('hm');
  expect(JSON.stringify(body(false))).not.toContain('hm');
});
