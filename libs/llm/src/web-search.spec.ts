/** What providers search for themselves: how it is asked for, stored, shown, and sent back. */
import { systemClock, toClientParts, type MessagePart } from '@parley/contracts';
import { MessagesDecoder } from './adapters/anthropic/decoder';
import { messagesRequest } from './adapters/anthropic/request';
import { betasOf } from './adapters/anthropic/tools';
import { ResponsesDecoder } from './adapters/openai-responses/decoder';
import { responsesRequest } from './adapters/openai-responses/request';
import type { ModelRequest } from './model-client';
import { withoutProviderTools } from './model-settings';
import { buildPrompt } from './prompt/build-prompt';
import type { PromptRow } from './prompt/prompt-row';
import { StepAccumulator } from './step-accumulator';
import { CASES, client, collect, idle, useMock } from './testing/mock-clients';
import type { StreamDecoder } from './transport/stream-parts';

const SONNET = { providerId: 'p3', modelName: 'claude-sonnet-5' };

useMock();

const page = {
  type: 'web_search_result',
  url: 'https://a.org',
  title: 'A',
  page_age: null,
  encrypted_content: 'sealed',
};
const search = (index: number, id: string) => [
  {
    type: 'content_block_start',
    index,
    content_block: { type: 'server_tool_use', id, name: 'web_search', input: {} },
  },
  {
    type: 'content_block_delta',
    index,
    delta: { type: 'input_json_delta', partial_json: '{"query":"news"}' },
  },
  { type: 'content_block_stop', index },
];
const found = (index: number, id: string, content: unknown) => [
  {
    type: 'content_block_start',
    index,
    content_block: { type: 'web_search_tool_result', tool_use_id: id, content },
  },
  { type: 'content_block_stop', index },
];
const cited = { type: 'citations_delta', citation: { url: 'https://a.org', title: 'A' } };
const ANTHROPIC = [
  { type: 'message_start', message: { id: 'msg_1', usage: { input_tokens: 1, output_tokens: 1 } } },
  ...search(0, 'srvtoolu_1'),
  ...search(1, 'srvtoolu_2'),
  ...found(2, 'srvtoolu_1', [page]),
  ...found(3, 'srvtoolu_2', { type: 'web_search_tool_result_error', error_code: 'max_uses_exceeded' }),
  { type: 'content_block_start', index: 4, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 4, delta: cited },
  { type: 'content_block_delta', index: 4, delta: cited },
  { type: 'content_block_delta', index: 4, delta: { type: 'text_delta', text: 'It says so.' } },
  { type: 'content_block_stop', index: 4 },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } },
  { type: 'message_stop' },
];
const reasoning = (id: string) => ({ type: 'reasoning', id, encrypted_content: 'sealed', summary: [] });
const done = (output_index: number, item: object) => [
  { type: 'response.output_item.added', output_index, item },
  { type: 'response.output_item.done', output_index, item },
];
const RESPONSES = [
  { type: 'response.created', response: { id: 'resp_1' } },
  ...done(0, reasoning('rs_1')),
  ...done(1, {
    type: 'web_search_call',
    id: 'ws_1',
    status: 'completed',
    action: { type: 'search', query: 'news' },
  }),
  ...done(2, reasoning('rs_2')),
  ...done(3, {
    type: 'message',
    id: 'msg_2',
    role: 'assistant',
    content: [{ type: 'output_text', text: 'It says so.' }],
  }),
  { type: 'response.completed', response: { id: 'resp_1', status: 'completed' } },
];

function stepOf(decoder: StreamDecoder, events: readonly object[]) {
  const step = new StepAccumulator({ clock: systemClock, provider: 'any' });
  const live: MessagePart[] = [];
  for (const event of events) {
    const data = JSON.stringify(event);
    decoder.decode({ event: '', data }, (part) => live.push(...step.add(part)));
  }
  return { step, live };
}

const said = (text: string) => [{ type: 'text' as const, text }];
function historyOf(content: readonly MessagePart[]): PromptRow[] {
  const row = { visibility: 'both', compressed: false } as const;
  return [
    { ...row, id: 1, role: 'user', content: said('What is new?') },
    { ...row, id: 2, role: 'assistant', content },
    { ...row, id: 3, role: 'user', content: said('And else?') },
  ];
}
const requestOn = (content: readonly MessagePart[], settings: ModelRequest['settings'] = {}) => ({
  messages: buildPrompt(historyOf(content)),
  tools: [],
  settings,
});
const sentBy = (request: ModelRequest) =>
  messagesRequest(request, SONNET).messages.flatMap(({ role, content }) =>
    role === 'assistant' && typeof content !== 'string' ? content : [],
  );

describe('a search of Anthropic', () => {
  const { step, live } = stepOf(new MessagesDecoder(SONNET), ANTHROPIC);

  it('is stored as executed by the provider, with its sources once, and waits for no result', () => {
    expect(step.content()).toMatchObject([
      {
        type: 'tool-call',
        tool_call_id: 'srvtoolu_1',
        tool_name: 'web_search',
        args: { query: 'news' },
        provider_executed: true,
      },
      { type: 'tool-call', tool_call_id: 'srvtoolu_2', provider_executed: true },
      { type: 'tool-result', tool_call_id: 'srvtoolu_1', provider_executed: true },
      {
        type: 'tool-result',
        tool_call_id: 'srvtoolu_2',
        is_error: true,
        result: { error: 'max_uses_exceeded' },
      },
      { type: 'source', url: 'https://a.org', title: 'A' },
      { type: 'text', text: 'It says so.' },
    ]);
    expect(step.toolCalls()).toEqual([]);
  });

  it('shows people the pages, and never what is sealed', () => {
    const pages = [{ url: 'https://a.org', title: 'A', page_age: null }];
    expect(toClientParts(step.content())[2]).toMatchObject({ result: pages });
    expect(JSON.stringify([toClientParts(step.content()), live])).not.toContain('sealed');
  });

  it('goes back to Anthropic as it came, in its order', () => {
    expect(sentBy(requestOn(step.content()))).toEqual([
      { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'news' } },
      { type: 'server_tool_use', id: 'srvtoolu_2', name: 'web_search', input: { query: 'news' } },
      { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [page] },
      expect.objectContaining({ type: 'web_search_tool_result', tool_use_id: 'srvtoolu_2' }),
      { type: 'text', text: 'It says so.' },
    ]);
  });

  it('that lacks a half, comes twice or in the wrong order is left out', () => {
    const [first, second, result, , , text] = step.content();
    if (!first || !second || !result || !text) throw new Error('parts are missing');
    const types = (...content: MessagePart[]) => sentBy(requestOn(content)).map(({ type }) => type);
    expect(types(first, text)).toEqual(['text']);
    expect(types(result, text)).toEqual(['text']);
    expect(types(result, first, text)).toEqual(['text']);
    expect(types(first, result, first, result, text)).toEqual([
      'server_tool_use',
      'web_search_tool_result',
      'text',
    ]);
  });

  it.each(CASES)('is taken by %s, whoever is asked next', async (_name, connection) => {
    const request = requestOn(step.content());
    const parts = await collect(client(connection()).stream(request, idle()));
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
  });
});

describe('a search of OpenAI', () => {
  const { step } = stepOf(new ResponsesDecoder('p1'), RESPONSES);

  it('is stored as executed by the provider', () => {
    expect(step.content()).toMatchObject([
      { type: 'reasoning' },
      {
        type: 'tool-call',
        tool_call_id: 'ws_1',
        tool_name: 'web_search',
        args: { query: 'news' },
        provider_executed: true,
      },
      { type: 'tool-result', tool_call_id: 'ws_1', result: { status: 'completed' }, provider_executed: true },
      { type: 'reasoning' },
      { type: 'text', text: 'It says so.' },
    ]);
    expect(step.toolCalls()).toEqual([]);
    expect(step.finishReason).toBe('stop');
  });

  it('is not replayed, nor is the reasoning that led to it', () => {
    const connection = { providerId: 'p1', type: 'openai', apiKey: 'k', modelName: 'gpt-5' } as const;
    const { input } = responsesRequest(requestOn(step.content()), connection);
    const ids = Array.isArray(input) ? input.flatMap((item) => ('id' in item ? [item.id] : [])) : [];
    expect(ids).toEqual(['rs_2', 'msg_2']);
    expect(sentBy(requestOn(step.content())).map(({ type }) => type)).toEqual(['text']);
  });
});

describe('the search tool', () => {
  const anthropic = { web_search_enabled: true, allowed_domains: ['a.org'] };
  const openai = {
    web_search_enabled: true,
    search_context_size: 'low' as const,
    allowed_domains: ['a.org'],
  };
  const connection = { providerId: 'p1', type: 'openai', apiKey: 'k', modelName: 'gpt-5' } as const;

  it('is offered where the options say so, and not in plan mode', () => {
    const asked = requestOn([], { anthropic, openai });
    expect(messagesRequest(asked, SONNET).tools).toMatchObject([
      { type: 'web_search_20250305', name: 'web_search', allowed_domains: ['a.org'] },
    ]);
    expect(responsesRequest(asked, connection).tools).toEqual([
      { type: 'web_search', search_context_size: 'low', filters: { allowed_domains: ['a.org'] } },
    ]);
    const planning = { ...asked, settings: withoutProviderTools(asked.settings) };
    expect(messagesRequest(planning, SONNET).tools).toBeUndefined();
    expect(responsesRequest(planning, connection).tools).toBeUndefined();
  });

  it.each(CASES)('is accepted by %s where it has one', async (_name, at) => {
    const parts = await collect(client(at()).stream(requestOn([], { anthropic, openai }), idle()));
    expect(parts.at(-1)).toMatchObject({ type: 'finish' });
  });
});

it('a tool that Anthropic has defined passes through, with its beta; others get its schema', () => {
  const computer = {
    name: 'computer',
    description: 'Uses a computer',
    inputSchema: { type: 'object', properties: {} },
    anthropic: {
      type: 'computer_20250124',
      options: { display_width_px: 1280, display_height_px: 800 },
      beta: 'computer-use-2025-01-24',
    },
  };
  const request = { ...requestOn([]), tools: [computer] };
  expect(messagesRequest(request, SONNET).tools).toMatchObject([
    { type: 'computer_20250124', name: 'computer', display_width_px: 1280, display_height_px: 800 },
  ]);
  expect(betasOf(request)).toEqual(['computer-use-2025-01-24']);
  const connection = { providerId: 'p1', type: 'openai', apiKey: 'k', modelName: 'gpt-5' } as const;
  expect(responsesRequest(request, connection).tools).toMatchObject([{ type: 'function', name: 'computer' }]);
});
