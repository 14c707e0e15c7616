/** Servers that speak Chat Completions with something of their own: what they want back they get, and nobody else does. */
import { systemClock, type MessagePart } from '@parley/contracts';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ChatDecoder } from './adapters/openai-chat/decoder';
import { chatRequest } from './adapters/openai-chat/request';
import type { ModelConnection } from './adapters/model-connection';
import { refusedSeal } from './classify-model-error';
import { createModelClient } from './create-model-client';
import { buildPrompt } from './prompt/build-prompt';
import type { PromptRow } from './prompt/prompt-row';
import { StepAccumulator } from './step-accumulator';
import { collect, idle } from './testing/mock-clients';
import { ProviderConnections } from './transport/provider-connections';

const connection: ModelConnection = {
  providerId: 'p2',
  type: 'openai-compat',
  baseUrl: 'http://127.0.0.1:1/v1',
  apiKey: 'k',
  modelName: 'deep',
};
const row = { visibility: 'both', compressed: false } as const;
const said = (text: string): MessagePart[] => [{ type: 'text', text }];

/** What is stored of an answer whose deltas these are. */
function storedOf(deltas: readonly object[]): MessagePart[] {
  const step = new StepAccumulator({ clock: systemClock, provider: 'openai-compat' });
  const decoder = new ChatDecoder(connection);
  const emit = (part: Parameters<StepAccumulator['add']>[0]) => void step.add(part);
  for (const delta of deltas) {
    const data = JSON.stringify({ id: 'r1', choices: [{ index: 0, delta }] });
    decoder.decode({ event: '', data }, emit);
  }
  const data = JSON.stringify({ id: 'r1', choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  decoder.decode({ event: '', data }, emit);
  decoder.end(emit);
  return step.content();
}

function historyOf(content: readonly MessagePart[]): PromptRow[] {
  const calls = content.flatMap((part) => (part.type === 'tool-call' ? [part] : []));
  const results = calls.map(({ tool_call_id, tool_name }): MessagePart => ({
    type: 'tool-result',
    tool_call_id,
    tool_name,
    result: 'read',
  }));
  return [
    { ...row, id: 1, role: 'user', content: said('Go') },
    { ...row, id: 2, role: 'assistant', content },
    { ...row, id: 3, role: 'tool', content: results },
  ];
}

function sentTo(asker: ModelConnection, content: readonly MessagePart[]): unknown {
  const messages = buildPrompt(historyOf(content));
  return chatRequest({ messages, tools: [], settings: {} }, asker).messages[1];
}

const call = (more: object = {}) => ({
  tool_calls: [
    { index: 0, id: 'c1', type: 'function', function: { name: 'read', arguments: '{}' }, ...more },
  ],
});
const plainCall = { id: 'c1', type: 'function', function: { name: 'read', arguments: '{}' } };
const signature = { google: { thought_signature: 's' } };
const detail = { type: 'reasoning.text', index: 0, format: 'x' };

const KEPT: [what: string, deltas: object[], sent: object][] = [
  [
    'reasoning_content',
    [{ reasoning_content: 'I ' }, { reasoning_content: 'think' }, call()],
    { content: null, tool_calls: [plainCall], reasoning_content: 'I think' },
  ],
  [
    'reasoning under its other name, before an answer in words',
    [{ reasoning: 'Hm' }, { content: 'Yes' }],
    { content: 'Yes', reasoning: 'Hm' },
  ],
  [
    'the signature of a call',
    [call({ extra_content: signature })],
    { content: null, tool_calls: [{ ...plainCall, extra_content: signature }] },
  ],
  [
    'the details of reasoning, put together again',
    [
      { reasoning: 'ab', reasoning_details: [{ ...detail, text: 'a' }] },
      { reasoning_details: [{ ...detail, text: 'b', signature: 's' }] },
      { reasoning_details: [{ type: 'reasoning.encrypted', index: 1, data: 'sealed' }] },
      call(),
    ],
    {
      content: null,
      tool_calls: [plainCall],
      reasoning: 'ab',
      reasoning_details: [
        { ...detail, text: 'ab', signature: 's' },
        { type: 'reasoning.encrypted', index: 1, data: 'sealed' },
      ],
    },
  ],
];

it.each(KEPT)('%s goes back to the model that told it', (_what, deltas, sent) => {
  expect(sentTo(connection, storedOf(deltas))).toEqual({ role: 'assistant', ...sent });
});

it.each(KEPT)('%s goes to no other model and no other provider', (_what, deltas) => {
  for (const other of [{ modelName: 'shallow' }, { providerId: 'p9' }]) {
    const sent = JSON.stringify(sentTo({ ...connection, ...other }, storedOf(deltas)));
    expect(sent).not.toMatch(/reasoning|extra_content|details/);
  }
});

describe('a server that refuses calls without their reasoning', () => {
  const connections = new ProviderConnections();
  const asked: { messages: { role: string; tool_calls?: unknown; reasoning_content?: string }[] }[] = [];
  let server: Server;
  let deep: ModelConnection;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as (typeof asked)[number];
        asked.push(body);
        const isLacking = body.messages.some(
          (each) => each.tool_calls && each.reasoning_content === undefined,
        );
        if (isLacking) {
          response.writeHead(400, { 'content-type': 'application/json' });
          const message = 'The `reasoning_content` in the thinking mode must be passed back to the API.';
          response.end(JSON.stringify({ error: { message, type: 'invalid_request_error' } }));
          return;
        }
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const delta = { index: 0, delta: { content: 'Done' }, finish_reason: 'stop' };
        response.end(`data: ${JSON.stringify({ id: 'r', choices: [delta] })}\n\ndata: [DONE]\n\n`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    deep = { ...connection, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` };
  });
  beforeEach(() => void (asked.length = 0));
  afterAll(async () => {
    connections.close();
    await new Promise((resolve) => server.close(resolve));
  });

  const ask = (content: readonly MessagePart[]) =>
    collect(
      createModelClient(deep, { connections }).stream(
        { messages: buildPrompt(historyOf(content)), tools: [], settings: {} },
        idle(),
      ),
    );

  it('takes its own', async () => {
    expect((await ask(storedOf([{ reasoning_content: 'Hm' }, call()]))).at(-1)).toMatchObject({
      reason: 'stop',
    });
    expect(asked).toHaveLength(1);
  });

  it('is told in words what another model has called', async () => {
    const foreign: MessagePart[] = [{ type: 'tool-call', tool_call_id: 'x', tool_name: 'read', args: {} }];
    expect((await ask(foreign)).at(-1)).toMatchObject({ reason: 'stop' });
    expect(asked).toHaveLength(2);
    expect(JSON.stringify(asked[1]?.messages)).toContain('[Called the tool read with {}]');
  });
});

it.each([
  ['missing', 400, 'Missing `reasoning_content` field in the assistant message at message index 2.'],
  ['missing', 400, 'Function call is missing a thought_signature in functionCall parts.'],
  ['invalid', 400, "property 'reasoning' is unsupported"],
  ['invalid', 422, 'Extra inputs are not permitted: messages.1.reasoning_content'],
  ['invalid', 422, 'messages.1.assistant.reasoning_content: Extra inputs are not permitted'],
  ['invalid', 400, "Item 'rs_1' of type 'reasoning' was provided without its required following item."],
  ['invalid', 404, "Item with id 'rs_1' not found."],
  [undefined, 400, 'reasoning_effort is not supported with this model'],
  [undefined, 400, 'Unsupported parameter: reasoning.effort'],
  [undefined, 500, 'Invalid `signature` in `thinking` block'],
  [undefined, 400, 'messages.1: `tool_use` ids were found without `tool_result` blocks'],
])('knows %s seals by %i, %s', (seal, status, message) => {
  expect(refusedSeal(Object.assign(new Error(message), { status }))).toBe(seal);
});
