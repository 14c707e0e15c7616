import type { ModelRequest, PromptAssistantPart } from '../model-client';
import { messagesRequest } from './anthropic/request';
import { apiOf, type ModelConnection } from './model-connection';
import { chatRequest } from './openai-chat/request';
import { responsesRequest } from './openai-responses/request';

const SONNET = { providerId: 'p3', modelName: 'claude-sonnet-5' };
const openai: ModelConnection = { providerId: 'p1', type: 'openai', apiKey: 'k', modelName: 'gpt-5' };
const user = { role: 'user', parts: [{ type: 'text', text: 'hi' }] } as const;

function request(parts: PromptAssistantPart[], more: Partial<ModelRequest> = {}): ModelRequest {
  const calls = parts.filter((part) => part.type === 'tool-call');
  const results = calls.map(({ toolCallId, toolName }) => ({
    toolCallId,
    toolName,
    text: '{}',
    isError: false,
  }));
  return {
    messages: [
      user,
      { role: 'assistant', parts },
      ...(results.length > 0 ? [{ role: 'tool' as const, results }] : []),
      user,
    ],
    tools: [],
    settings: {},
    ...more,
  };
}

const own = (id: string, more = {}) => ({ openai: { provider_id: 'p1', item_id: id, ...more } });
const reasoning = (id: string, provider = 'p1'): PromptAssistantPart => ({
  type: 'reasoning',
  text: 'hm',
  providerMetadata: { openai: { provider_id: provider, item_id: id, encrypted_content: 'e' } },
});
const text = (id: string, words = 'yes'): PromptAssistantPart => ({
  type: 'text',
  text: words,
  providerMetadata: own(id),
});
const call = (id: string): PromptAssistantPart => ({
  type: 'tool-call',
  toolCallId: `c_${id}`,
  toolName: 'read',
  args: { a: 1 },
  providerMetadata: own(id),
});

describe('Responses', () => {
  const shapes = (parts: PromptAssistantPart[]) => {
    const { input } = responsesRequest(request(parts), openai);
    if (!Array.isArray(input)) throw new Error('no items');
    return input.slice(1, -1).map((item) => [item.type ?? 'easy', 'id' in item ? item.id : undefined]);
  };

  it('asks to store, to stream and for encrypted reasoning', () => {
    expect(responsesRequest(request([]), openai)).toMatchObject({
      stream: true,
      store: true,
      include: ['reasoning.encrypted_content'],
    });
  });

  it('replays reasoning with its follower, both with their ids', () => {
    expect(shapes([reasoning('rs1'), text('m1'), call('f1')])).toEqual([
      ['reasoning', 'rs1'],
      ['message', 'm1'],
      ['function_call', 'f1'],
      ['function_call_output', undefined],
    ]);
  });

  it('drops reasoning whose follower is missing', () => {
    expect(shapes([text('m1'), reasoning('rs1')])).toEqual([['easy', undefined]]);
  });

  it('drops reasoning of another account, and the ids of what followed it', () => {
    expect(shapes([reasoning('rs1', 'p2'), text('m1')])).toEqual([['easy', undefined]]);
  });

  it('sends no id twice, whatever history repeats', () => {
    expect(shapes([reasoning('rs1'), text('m1'), reasoning('rs1'), text('m1')])).toEqual([
      ['reasoning', 'rs1'],
      ['message', 'm1'],
    ]);
    expect(shapes([reasoning('rs1'), text('m1'), call('f1'), text('m1')])).toEqual([
      ['reasoning', 'rs1'],
      ['message', 'm1'],
      ['function_call', 'f1'],
      ['easy', undefined],
      ['function_call_output', undefined],
    ]);
  });

  it('sends reasoning only before what is of the same answer', () => {
    const of = (part: PromptAssistantPart, response: string): PromptAssistantPart => ({
      ...part,
      providerMetadata: { openai: { ...Object(part.providerMetadata?.['openai']), response_id: response } },
    });
    expect(shapes([of(reasoning('rs1'), 'r1'), of(text('m1'), 'r1')])).toEqual([
      ['reasoning', 'rs1'],
      ['message', 'm1'],
    ]);
    expect(shapes([of(reasoning('rs1'), 'r1'), of(text('m1'), 'r2')])).toEqual([['easy', undefined]]);
  });

  it('joins the texts of one message item', () => {
    const { input } = responsesRequest(request([reasoning('rs1'), text('m1', 'a'), text('m1', 'b')]), openai);
    expect(Array.isArray(input) && input[2]).toMatchObject({
      id: 'm1',
      content: [{ text: 'a' }, { text: 'b' }],
    });
  });
});

describe('Chat Completions', () => {
  it('asks for usage, and sends media of results behind them', () => {
    const media = { type: 'file' as const, mediaType: 'image/png', data: 'AAAA' };
    const body = chatRequest(
      {
        messages: [
          user,
          { role: 'assistant', parts: [call('1'), call('2')] },
          {
            role: 'tool',
            results: ['c_1', 'c_2'].map((toolCallId) => ({
              toolCallId,
              toolName: 'read',
              text: '',
              isError: false,
              media,
            })),
          },
        ],
        tools: [],
        settings: { maxOutputTokens: 5 },
      },
      { ...openai, type: 'openai-compat' },
    );
    expect(body).toMatchObject({ stream: true, stream_options: { include_usage: true }, max_tokens: 5 });
    expect(body.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'tool', 'user']);
  });

  it('sends no reasoning, and no message of nothing else', () => {
    const body = chatRequest(request([reasoning('rs1')]), openai);
    expect(body.messages.map(({ role }) => role)).toEqual(['user', 'user']);
  });
});

describe('Messages', () => {
  const signed: PromptAssistantPart = {
    type: 'reasoning',
    text: 'hm',
    providerMetadata: { anthropic: { signature: 's' } },
  };

  it('sends signed thinking as it was and leaves unsigned reasoning out', () => {
    const body = messagesRequest(request([signed, reasoning('rs1'), text('m1')]), SONNET);
    expect(body.messages[1]?.content).toEqual([
      { type: 'thinking', thinking: 'hm', signature: 's' },
      { type: 'text', text: 'yes' },
    ]);
  });

  it('does not end a message with thinking', () => {
    const body = messagesRequest(request([text('m1'), signed]), SONNET);
    expect(body.messages[1]?.content).toEqual([{ type: 'text', text: 'yes' }]);
  });

  it('sets cache breakpoints on the system prompt and the last two messages of the user', () => {
    const { messages } = request([call('1')]);
    const body = messagesRequest(
      {
        messages: [{ role: 'system', text: 'a' }, { role: 'system', text: 'b' }, ...messages],
        tools: [],
        settings: {},
      },
      SONNET,
    );
    const count = (JSON.stringify(body).match(/cache_control/g) ?? []).length;
    expect(count).toBe(3);
    expect(body.system).toMatchObject([{ text: 'a' }, { text: 'b', cache_control: { type: 'ephemeral' } }]);
  });

  it('keeps a cache breakpoint before what only this turn says', () => {
    const body = messagesRequest(
      {
        messages: [
          { role: 'system', text: 'stored' },
          { role: 'system', text: 'a', isOverlay: true },
          { role: 'system', text: 'b', isOverlay: true },
          ...request([call('1')]).messages,
        ],
        tools: [],
        settings: {},
      },
      SONNET,
    );
    const cached = { cache_control: { type: 'ephemeral' } };
    expect(body.system).toEqual([
      { type: 'text', text: 'stored', ...cached },
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b', ...cached },
    ]);
    expect((JSON.stringify(body).match(/cache_control/g) ?? []).length).toBe(4);
  });

  it('tells old models a budget and new ones an effort', () => {
    const thinking = (model: string) =>
      messagesRequest(request([], { settings: { reasoningEffort: 'medium' } }), {
        ...SONNET,
        modelName: model,
      });
    expect(thinking('claude-sonnet-4-5-20250929').thinking).toEqual({
      type: 'enabled',
      budget_tokens: 10_240,
    });
    expect(thinking('claude-3-7-sonnet-latest').thinking).toEqual({ type: 'enabled', budget_tokens: 10_240 });
    expect(thinking('claude-opus-4-6')).toMatchObject({
      thinking: { type: 'adaptive' },
      output_config: { effort: 'medium' },
    });
  });

  it.each([
    ['claude-sonnet-4-5', 'max', undefined, 64_000, 59_904],
    ['claude-opus-4-1', 'max', undefined, 32_000, 27_904],
    ['claude-sonnet-4-5', 'high', 2_000, 2_000, 1_500],
    ['claude-sonnet-4-5', 'low', 1_200, 1_200, undefined],
    ['claude-3-5-haiku-latest', 'none', undefined, 8_192, undefined],
    ['claude-3-haiku-20240307', 'none', undefined, 4_096, undefined],
  ] as const)(
    'leaves room for the answer of %s beside %s thinking',
    (modelName, effort, wished, max, budget) => {
      const settings = {
        reasoningEffort: effort,
        ...(wished !== undefined && { maxOutputTokens: wished }),
      };
      const body = messagesRequest(request([], { settings }), { ...SONNET, modelName });
      expect(body.max_tokens).toBe(max);
      expect(body.thinking).toEqual(budget && { type: 'enabled', budget_tokens: budget });
    },
  );

  it('asks for a format only where the model can hold to one', () => {
    const responseFormat = { name: 'title', schema: { type: 'object' } };
    const formatOf = (modelName: string) =>
      messagesRequest(request([], { responseFormat }), { ...SONNET, modelName }).output_config;
    expect(formatOf('claude-haiku-4-5')).toMatchObject({ format: { type: 'json_schema' } });
    for (const old of ['claude-3-5-haiku-20241022', 'claude-sonnet-4-20250514', 'claude-opus-4-0'])
      expect(formatOf(old)).toBeUndefined();
  });

  it('refuses more than 32 MiB and leaves out an image over 5 MiB', () => {
    const big = { role: 'user', parts: [{ type: 'text', text: 'x'.repeat(33 * 1024 * 1024) }] } as const;
    expect(() => messagesRequest({ messages: [big], tools: [], settings: {} }, SONNET)).toThrow(
      expect.objectContaining({ kind: 'config' }) as Error,
    );
    const args = { content: 'x'.repeat(33 * 1024 * 1024) };
    const call = { type: 'tool-call', toolCallId: 'c', toolName: 'write_file', args } as const;
    const calling = { role: 'assistant', parts: [call] } as const;
    expect(() => messagesRequest({ messages: [calling], tools: [], settings: {} }, SONNET)).toThrow(
      expect.objectContaining({ kind: 'config' }) as Error,
    );
    const image = { type: 'file', mediaType: 'image/png', data: 'A'.repeat(8 * 1024 * 1024) } as const;
    const body = messagesRequest(
      { messages: [{ role: 'user', parts: [image] }], tools: [], settings: {} },
      SONNET,
    );
    expect(body.messages[0]?.content).toMatchObject([
      { type: 'text', text: expect.stringContaining('too large') as string },
    ]);
  });
});

it.each([
  ['openai', undefined, 'responses'],
  ['openai', false, 'chat-completions'],
  ['azure', undefined, 'responses'],
  ['openrouter', undefined, 'chat-completions'],
  ['openai-compat', true, 'responses'],
  ['anthropic', true, 'messages'],
] as const)('%s with use_responses_api %s speaks %s', (type, useResponsesApi, api) => {
  expect(apiOf({ type, useResponsesApi })).toBe(api);
});
