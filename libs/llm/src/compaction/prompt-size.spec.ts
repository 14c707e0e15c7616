import { ModelError } from '../errors';
import type { PromptMessage } from '../model-client';
import { CASES, client, collect, failureOf, idle, TOOL, useMock } from '../testing/mock-clients';
import { estimateTokens, isTooLarge, withoutToolUse } from './prompt-size';

useMock();

const text = (value: string) => ({ type: 'text' as const, text: value });
const call = { type: 'tool-call' as const, toolCallId: 'c1', toolName: 'read_file', args: { path: '/a' } };
const history: PromptMessage[] = [
  { role: 'system', text: 'Be kind.' },
  { role: 'user', parts: [text('read a')] },
  { role: 'assistant', parts: [{ type: 'reasoning', text: 'I should look.' }, text('Reading.'), call] },
  {
    role: 'tool',
    results: [{ toolCallId: 'c1', toolName: 'read_file', text: '{"output":"A"}', isError: false }],
  },
  { role: 'assistant', parts: [{ type: 'reasoning', text: 'nothing but this' }] },
  { role: 'user', parts: [text('and now?')] },
];

describe('without the use of tools', () => {
  it('calls and results are told as text, and nothing but them is changed', () => {
    expect(withoutToolUse(history)).toEqual([
      history[0],
      history[1],
      {
        role: 'assistant',
        parts: [text('Reading.'), text('[Called the tool read_file with {"path":"/a"}]')],
      },
      { role: 'user', parts: [text('[The tool read_file returned {"output":"A"}]')] },
      history[5],
    ]);
  });

  it.each(CASES)('%s takes the prompt though no tool is offered', async (_name, connection) => {
    const request = { messages: withoutToolUse(history), tools: [], settings: {} };
    const parts = await collect(client(connection()).stream(request, idle()));
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
  });
});

describe('the estimate of a prompt', () => {
  it('grows with its texts, calls, results and tools, and counts files by the piece', () => {
    const size = (messages: PromptMessage[], tools = [TOOL]): number => estimateTokens({ messages, tools });
    expect(size(history, [])).toBeLessThan(size(history));
    expect(size([{ role: 'user', parts: [text('a'.repeat(4_000))] }], [])).toBe(1_004);
    expect(size([{ role: 'user', parts: [text('字'.repeat(4_000))] }], [])).toBe(3_004);
    const file = { type: 'file' as const, mediaType: 'image/png', data: 'A'.repeat(1_000_000) };
    expect(size([{ role: 'user', parts: [file] }], [])).toBeLessThan(2_000);
  });
});

describe('a prompt that is too large', () => {
  const refusals: [string, string][] = [
    ["This model's maximum context length is 8192 tokens.", 'context_length_exceeded'],
    ['prompt is too long: 210000 tokens > 200000 maximum', 'invalid_request_error'],
    ['input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000', 'invalid_request_error'],
  ];
  it.each(
    CASES.flatMap(([name, connection]) => refusals.map((each) => [name, ...each, connection] as const)),
  )('%s: "%s" is known for what it is', async (_name, message, code, connection) => {
    const fault = { kind: 'status' as const, status: 400, message, code };
    const question = `hello [[mock ${JSON.stringify({ fault })}]]`;
    const request = {
      messages: [{ role: 'user' as const, parts: [text(question)] }],
      tools: [],
      settings: {},
    };
    expect(isTooLarge(await failureOf(client(connection()).stream(request, idle())))).toBe(true);
  });

  it('is told from other refusals', () => {
    const error = (fields: Partial<ModelError>) =>
      new ModelError({ kind: 'config', retryable: false, provider: 'openai', ...fields });
    expect(isTooLarge(error({ statusCode: 413, kind: 'generic' }))).toBe(true);
    expect(isTooLarge(error({ detail: 'The conversation has 9 bytes; request_too_large' }))).toBe(true);
    expect(isTooLarge(error({ detail: 'model not found' }))).toBe(false);
    expect(isTooLarge(error({ kind: 'overloaded', detail: 'the context window is fine' }))).toBe(false);
  });
});
