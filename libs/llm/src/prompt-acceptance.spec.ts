/** Whatever is stored, and whoever wrote it, the strict mock accepts the request that is made of it. */
import { systemClock, type MessagePart } from '@parley/contracts';
import { formatControlBlock, LlmMock } from '@parley/llmmock';
import fc from 'fast-check';
import type { ModelConnection } from './adapters/model-connection';
import { createModelClient } from './create-model-client';
import type { ModelClient } from './model-client';
import { buildPrompt } from './prompt/build-prompt';
import type { PromptRow } from './prompt/prompt-row';
import { StepAccumulator } from './step-accumulator';
import { ProviderConnections } from './transport/provider-connections';

const mock = new LlmMock();
let mockUrl = '';
const connections = new ProviderConnections();
const clients = new Map<string, ModelClient>();
const TOOL = { name: 'read', description: 'Reads', inputSchema: { type: 'object', properties: {} } };
const signal = new AbortController().signal;

beforeAll(async () => {
  const { url } = await mock.start({ defaults: { chunk_count: 2 } });
  mockUrl = url;
  const add = (name: string, connection: Omit<ModelConnection, 'apiKey'>) =>
    clients.set(name, createModelClient({ ...connection, apiKey: 'k' }, { connections }));
  add('responses', { providerId: 'p1', type: 'openai', baseUrl: `${url}/v1`, modelName: 'gpt-5' });
  add('other account', { providerId: 'p4', type: 'openai', baseUrl: `${url}/v1`, modelName: 'gpt-5' });
  add('chat', { providerId: 'p2', type: 'openai-compat', baseUrl: `${url}/v1`, modelName: 'qwen' });
  add('anthropic', { providerId: 'p3', type: 'anthropic', baseUrl: url, modelName: 'claude-sonnet-5' });
  add('newer anthropic', { providerId: 'p3', type: 'anthropic', baseUrl: url, modelName: 'claude-opus-5' });
  add('old anthropic', { providerId: 'p5', type: 'anthropic', baseUrl: url, modelName: 'claude-sonnet-4-5' });
  await keepAnswers();
});

/** Clients ask once more without what a provider refuses; here that must never have been needed. */
afterEach(async () => {
  const response = await fetch(`${mockUrl}/ledger/summary`);
  const { by_status: byStatus } = (await response.json()) as { by_status: Record<string, number> };
  expect(Object.keys(byStatus)).toEqual(['200']);
});

afterAll(async () => {
  connections.close();
  await mock.stop();
});

async function answer(name: string, rows: readonly PromptRow[]): Promise<StepAccumulator> {
  const client = clients.get(name);
  if (client === undefined) throw new Error(`no client ${name}`);
  const step = new StepAccumulator({ clock: systemClock, provider: client.provider });
  const messages = buildPrompt(rows, { contextLimit: 10_000 });
  const request = { messages, tools: [TOOL], settings: { reasoningEffort: 'high' as const } };
  for await (const part of client.stream(request, signal)) step.add(part);
  return step;
}

/** Parts as models give them, with their signatures, encrypted reasoning and ids of items. */
const answered: MessagePart[] = [];

async function keepAnswers(): Promise<void> {
  const controls = [
    { reasoning: 'I think. 🤔', reply: 'Done' },
    { reasoning: 'One.\n\nTwo.', tool_calls: [{ text: 'I read.', calls: [{ name: 'read' }] }] },
    { reasoning: 'Hidden', reasoning_redacted: true, reply: 'Done' },
    { reply: 'Without a thought' },
  ];
  for (const name of clients.keys()) {
    for (const control of controls) {
      const text = `Go ${formatControlBlock(control)}`;
      const asked = { id: 1, role: 'user', visibility: 'both', compressed: false } as const;
      answered.push(...(await answer(name, [{ ...asked, content: [{ type: 'text', text }] }])).content());
    }
  }
  for (const id of ['srvtoolu_1', 'srvtoolu_2']) answered.push(...searchOf(id));
}

/** A web search of Anthropic's. */
function searchOf(id: string): MessagePart[] {
  const search = { tool_call_id: id, tool_name: 'web_search', provider_executed: true };
  const content = { type: 'web_search_tool_result_error', error_code: 'unavailable' };
  return [
    { type: 'tool-call', ...search, args: { query: 'news' }, provider_metadata: { anthropic: {} } },
    { type: 'tool-result', ...search, provider_metadata: { anthropic: { web_search_content: content } } },
  ];
}

const word = fc.constantFrom('', ' ', '\n\t', 'hello', 'Grüße 🌍', 'a\ud83c', '\u0000', 'x'.repeat(20_000));
const id = fc.constantFrom('call_0', 'call_1', 'toolu:1/ä', '\u0000', 'y'.repeat(80), 'a', 'a_2');
const toolName = fc.constantFrom('read', 'fs.read', '', 'ö');
const json = fc.oneof(fc.constant(undefined), fc.constant(null), word, fc.jsonValue());
const flag = fc.constantFrom({}, {}, {}, { provider_executed: true });

const toolCall = fc.record({ id, toolName, args: json, flag }).map((each): MessagePart => ({
  type: 'tool-call',
  tool_call_id: each.id,
  tool_name: each.toolName,
  args: each.args,
  ...each.flag,
}));

const toolResult = fc
  .record({ id, toolName, result: json, is_error: fc.boolean(), is_media: fc.boolean(), flag })
  .map(({ id: callId, toolName: name, flag: executed, ...rest }): MessagePart => ({
    type: 'tool-result',
    tool_call_id: callId,
    tool_name: name,
    ...rest,
    ...executed,
  }));

const answeredPart = fc.nat({ max: 99 }).map((index): MessagePart => {
  const part = answered[index % answered.length];
  if (part === undefined) throw new Error('no answer was kept');
  return part;
});

const part: fc.Arbitrary<MessagePart> = fc.oneof(
  { weight: 8, arbitrary: answeredPart },
  word.map((text): MessagePart => ({
    type: 'file-reference',
    file_name: 'a.ts',
    start_line: 1,
    end_line: 2,
    content: text,
  })),
  word.map((text): MessagePart => ({
    type: 'context-file',
    context_file_path: text,
    context_file_content: text,
  })),
  word.map((text): MessagePart => ({ type: 'skill', skill_name: 'tidy', skill_description: text })),
  fc.constant<MessagePart>({ type: 'file', media_type: 'image/png', file_id: 'gone' }),
  word.map((text): MessagePart => ({ type: 'text', text })),
  word.map((text): MessagePart => ({ type: 'reasoning', text })),
  word.map((text): MessagePart => ({ type: 'hook-context', text })),
  word.map((text): MessagePart => ({ type: 'hook-notice', text })),
  fc.constant<MessagePart>({ type: 'source', url: 'https://example.org' }),
  toolCall,
  toolCall,
  toolCall,
  toolResult,
  toolResult,
  fc
    .record({
      media_type: fc.constantFrom('image/png', 'text/plain', 'odd'),
      data: fc.constantFrom('', '%%', 'aGVsbG8='),
    })
    .map((file): MessagePart => ({ type: 'file', ...file })),
);

const rows: fc.Arbitrary<PromptRow[]> = fc
  .array(
    fc.record({
      role: fc.constantFrom('system', 'user', 'assistant', 'assistant', 'assistant', 'tool', 'tool'),
      content: fc.array(part, { minLength: 1, maxLength: 5, size: 'max' }),
      visibility: fc.constantFrom('user', 'model', 'both', 'both', 'both', 'both'),
      compressed: fc.oneof(
        { weight: 19, arbitrary: fc.constant(false) },
        { weight: 1, arbitrary: fc.constant(true) },
      ),
    } as const),
    { minLength: 1, maxLength: 10, size: 'max' },
  )
  .map((list) => list.map((each, index) => ({ id: index + 1, ...each })));

it('any sequence of stored parts whatever is accepted by all APIs', async () => {
  // fast-check prints the seed of a failing run.
  await fc.assert(
    fc.asyncProperty(rows, async (stored) => {
      for (const name of clients.keys()) await answer(name, stored);
    }),
    { numRuns: 150 },
  );
}, 60_000);

const switches = [...'012345'].flatMap((first) =>
  [...'012345'].map((second) => [Number(first), Number(second)] as const),
);

it.each(switches)(
  'a chat moves from client %i to client %i in the middle of a turn and back',
  async (first, second) => {
    const names = [...clients.keys()];
    const path = [first, second, first].map((index) => names[index] ?? '');
    const control = {
      reasoning: 'I think. 🤔',
      reply: 'Done',
      tool_calls: [[{ name: 'read' }], [{ name: 'read' }]],
    };
    const stored: PromptRow[] = [];
    const add = (role: PromptRow['role'], content: MessagePart[]) =>
      stored.push({ id: stored.length + 1, role, content, visibility: 'both', compressed: false });
    for (let turn = 0; turn < 2; turn += 1) {
      add('user', [{ type: 'text', text: `Go ${formatControlBlock(control)}` }]);
      for (const name of path) {
        const step = await answer(name, stored);
        add('assistant', step.content());
        const results = step.toolCalls().map(({ toolCallId, toolName: called }): MessagePart => ({
          type: 'tool-result',
          tool_call_id: toolCallId,
          tool_name: called,
          result: 'read',
        }));
        if (results.length > 0) add('tool', results);
      }
      expect(stored.at(-1)).toMatchObject({ role: 'assistant' });
      expect(stored.at(-1)?.content.at(-1)).toMatchObject({ type: 'text', text: 'Done' });
    }
  },
);

it.each([...'012345'].map(Number))(
  'an interrupt anywhere in an answer leaves a history client %i accepts',
  async (index) => {
    const names = [...clients.keys()];
    const name = names[index] ?? '';
    const client = clients.get(name);
    if (client === undefined) throw new Error('no client');
    const control = {
      reasoning: 'One thought. Two thoughts.',
      reply: 'A reply',
      chunk_count: 4,
      argument_chunk_size: 3,
      tool_calls: [{ text: 'I read.', calls: [{ name: 'read', arguments: { a: 'bcd' } }] }],
    };
    const question: PromptRow = {
      id: 1,
      role: 'user',
      content: [{ type: 'text', text: `Go ${formatControlBlock(control)}` }],
      visibility: 'both',
      compressed: false,
    };
    const request = {
      messages: buildPrompt([question]),
      tools: [TOOL],
      settings: { reasoningEffort: 'high' as const },
    };
    const parts = [];
    for await (const streamed of client.stream(request, signal)) parts.push(streamed);
    expect(parts.length).toBeGreaterThan(6);
    for (let cut = 0; cut <= parts.length; cut += 1) {
      const step = new StepAccumulator({ clock: systemClock, provider: client.provider });
      for (const streamed of parts.slice(0, cut)) step.add(streamed);
      const history: PromptRow[] = [
        question,
        { ...question, id: 2, role: 'assistant', content: step.partial() },
        { ...question, id: 3, content: [{ type: 'text', text: 'Go on' }] },
      ];
      for (const other of names) await answer(other, history);
    }
  },
);
