import { type ControlInput, formatControlBlock, type LedgerEntryJson, LlmMock } from '@parley/llmmock';
import { eventually, FakeClock } from '@parley/testing';
import { systemClock, type MessagePart } from '@parley/contracts';
import type { ModelConnection } from './adapters/model-connection';
import { createModelClient, type ModelClientOptions } from './create-model-client';
import { ModelError } from './errors';
import type { ModelRequest, ModelStreamPart } from './model-client';
import { buildPrompt } from './prompt/build-prompt';
import type { PromptRow } from './prompt/prompt-row';
import { StepAccumulator } from './step-accumulator';
import { generateTitle } from './title';
import { ProviderConnections } from './transport/provider-connections';

const mock = new LlmMock();
const connections = new ProviderConnections();
let url = '';

beforeAll(async () => {
  ({ url } = await mock.start({ apiKey: 'right' }));
});

afterAll(async () => {
  connections.close();
  await mock.stop();
});

type ApiCase = [name: string, connection: () => ModelConnection];

const CASES: ApiCase[] = [
  [
    'OpenAI Responses',
    () => ({ providerId: 'p1', type: 'openai', baseUrl: `${url}/v1`, apiKey: 'right', modelName: 'gpt-5' }),
  ],
  [
    'OpenAI Chat Completions',
    () => ({
      providerId: 'p2',
      type: 'openai-compat',
      baseUrl: `${url}/v1`,
      apiKey: 'right',
      modelName: 'qwen',
    }),
  ],
  [
    'Anthropic Messages',
    () => ({
      providerId: 'p3',
      type: 'anthropic',
      baseUrl: url,
      apiKey: 'right',
      modelName: 'claude-sonnet-5',
    }),
  ],
];

const TOOL = {
  name: 'read_file',
  description: 'Reads a file',
  inputSchema: { type: 'object', properties: { path: { type: 'string' } } },
};

function client(connection: ModelConnection, options: Partial<ModelClientOptions> = {}) {
  return createModelClient(connection, { connections, ...options });
}

function asking(control: ControlInput, more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    messages: [{ role: 'user', parts: [{ type: 'text', text: `Hello ${formatControlBlock(control)}` }] }],
    tools: [],
    settings: {},
    ...more,
  };
}

const idle = () => new AbortController().signal;

async function collect(stream: AsyncIterable<ModelStreamPart>): Promise<ModelStreamPart[]> {
  const parts: ModelStreamPart[] = [];
  for await (const part of stream) parts.push(part);
  return parts;
}

async function failureOf(stream: AsyncIterable<ModelStreamPart>): Promise<ModelError> {
  try {
    await collect(stream);
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error('the stream did not fail');
}

function textOf(parts: readonly ModelStreamPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
}

async function ledger(key: string): Promise<LedgerEntryJson[]> {
  const response = await fetch(`${url}/ledger?key=${key}`);
  return ((await response.json()) as { entries: LedgerEntryJson[] }).entries;
}

describe.each(CASES)('%s', (_name, connection) => {
  it('streams a text in its chunks, counts the usage and finishes', async () => {
    const control = {
      reply: 'Grüße 🌍 from afar',
      chunk_size: 3,
      usage: {
        input_tokens: 100,
        output_tokens: 7,
        cached_tokens: 40,
        cache_write_tokens: 0,
        reasoning_tokens: 0,
      },
    };
    const parts = await collect(client(connection()).stream(asking(control), idle()));
    expect(textOf(parts)).toBe('Grüße 🌍 from afar');
    expect(parts.filter(({ type }) => type === 'text-delta').length).toBeGreaterThan(3);
    expect(parts.at(-1)).toMatchObject({
      type: 'finish',
      reason: 'stop',
      responseId: expect.any(String) as string,
    });
    const usage = parts.find((part) => part.type === 'usage')?.usage;
    expect(usage).toMatchObject({ output_tokens: 7, cache_read_tokens: 40 });
    expect(usage?.total_tokens).toBe(
      (usage?.input_tokens ?? 0) + (usage?.cache_read_tokens ?? 0) + (usage?.output_tokens ?? 0),
    );
  });

  it('assembles fragmented and parallel tool calls', async () => {
    const control: ControlInput = {
      argument_chunk_size: 2,
      tool_calls: [
        [
          { name: 'read_file', arguments: { path: '/äöü/a' } },
          { name: 'read_file', arguments: { path: '/b' } },
        ],
      ],
    };
    const parts = await collect(client(connection()).stream(asking(control, { tools: [TOOL] }), idle()));
    const calls = parts.filter((part) => part.type === 'tool-call');
    expect(calls.map(({ args }) => JSON.parse(args) as unknown)).toEqual([
      { path: '/äöü/a' },
      { path: '/b' },
    ]);
    expect(new Set(calls.map(({ toolCallId }) => toolCallId)).size).toBe(2);
    for (const { toolCallId, args } of calls) {
      const deltas = parts.filter(
        (part) => part.type === 'tool-call-delta' && part.toolCallId === toolCallId,
      );
      expect(deltas.map((part) => (part.type === 'tool-call-delta' ? part.argsDelta : '')).join('')).toBe(
        args,
      );
      expect(deltas.length).toBeGreaterThan(1);
    }
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'tool-calls' });
  });

  it('carries reasoning through several turns with tools without being refused', async () => {
    const rows: PromptRow[] = [];
    const add = (role: PromptRow['role'], content: MessagePart[]) =>
      rows.push({ id: rows.length + 1, role, content, visibility: 'both', compressed: false });
    for (const turn of [1, 2, 3]) {
      const control: ControlInput = {
        reply: `Answer ${turn}`,
        reasoning: `First thought ${turn}.\n\nSecond thought 🤔.`,
        tool_calls: [
          [
            { name: 'read_file', arguments: { path: '/a' } },
            { name: 'read_file', arguments: { path: '/b' } },
          ],
        ],
      };
      add('user', [{ type: 'text', text: `Turn ${turn} ${formatControlBlock(control)}` }]);
      for (let step = 0; step < 2; step += 1) {
        const accumulator = new StepAccumulator({ clock: systemClock, provider: 'test' });
        const request: ModelRequest = {
          messages: buildPrompt(rows, { contextLimit: 100_000 }),
          tools: [TOOL],
          settings: { reasoningEffort: 'medium' },
        };
        for await (const part of client(connection()).stream(request, idle())) accumulator.add(part);
        add('assistant', accumulator.content());
        const results = accumulator.toolCalls().map(({ toolCallId, toolName }): MessagePart => ({
          type: 'tool-result',
          tool_call_id: toolCallId,
          tool_name: toolName,
          result: { text: 'contents' },
        }));
        expect(results).toHaveLength(step === 0 ? 2 : 0);
        if (results.length > 0) add('tool', results);
      }
      expect(rows.at(-1)?.content).toContainEqual(
        expect.objectContaining({ type: 'text', text: `Answer ${turn}` }),
      );
    }
  });

  it.each<[string, ControlInput['fault'], Partial<ModelError>]>([
    [
      '429',
      { kind: 'status', status: 429, retry_after_s: 7 },
      { kind: 'rate_limit', retryable: true, retryAfterMs: 7_000 },
    ],
    ['500', { kind: 'status', status: 500 }, { kind: 'generic', retryable: true, statusCode: 500 }],
    ['503', { kind: 'status', status: 503 }, { kind: 'timeout', retryable: true, statusCode: 503 }],
    ['529', { kind: 'status', status: 529 }, { kind: 'overloaded', retryable: true }],
    [
      'an exhausted quota',
      { kind: 'status', status: 429, code: 'insufficient_quota', type: 'insufficient_quota' },
      { kind: 'usage_limit', retryable: false },
    ],
    ['a reset before the first chunk', { kind: 'reset' }, { kind: 'timeout', retryable: true }],
    ['a reset in the middle', { kind: 'reset', after_chunks: 3 }, { kind: 'timeout', retryable: true }],
    ['a body that ends early', { kind: 'end_early', after_chunks: 3 }, { kind: 'timeout', retryable: true }],
    ['a malformed event', { kind: 'malformed', after_chunks: 3 }, { kind: 'timeout', retryable: true }],
    [
      'an error inside the stream',
      { kind: 'stream_error', after_chunks: 2, type: 'api_error' },
      { kind: 'generic', retryable: true },
    ],
    [
      'overload inside the stream',
      { kind: 'stream_error', after_chunks: 2, type: 'overloaded_error', message: 'Overloaded' },
      { kind: 'overloaded', retryable: true },
    ],
    ['a reply that is no stream', { kind: 'not_a_stream' }, { kind: 'generic', retryable: false }],
  ])('classifies %s', async (_fault, fault, expected) => {
    const error = await failureOf(client(connection()).stream(asking({ fault, chunk_count: 6 }), idle()));
    expect(error).toMatchObject(expected);
    expect(error.provider).toBe(connection().type);
  });

  it('classifies a wrong key as auth and says what the provider said', async () => {
    const wrong = { ...connection(), apiKey: 'wrong' };
    const error = await failureOf(client(wrong).stream(asking({}), idle()));
    expect(error).toMatchObject({ kind: 'auth', retryable: false, statusCode: 401 });
    expect(error.detail).toMatch(/key/i);
  });

  it('refuses to be made without the key it needs', () => {
    const keyless = { ...connection(), apiKey: undefined };
    if (keyless.type === 'openai-compat') expect(() => client(keyless)).not.toThrow();
    else expect(() => client(keyless)).toThrow(expect.objectContaining({ kind: 'missing_key' }) as Error);
  });

  it('calls an answer that was filtered before it said anything an error', async () => {
    const control: ControlInput = { reply: '', finish_reason: 'content_filter' };
    const error = await failureOf(client(connection()).stream(asking(control), idle()));
    expect(error).toMatchObject({ kind: 'content_filter', retryable: false });
  });

  it('finishes with "length" when the model was cut off', async () => {
    const parts = await collect(client(connection()).stream(asking({ finish_reason: 'length' }), idle()));
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'length' });
  });

  it('closes the socket at once when aborted in the middle of a stream', async () => {
    const key = `abort-${connection().type}`;
    const controller = new AbortController();
    const control: ControlInput = { key, fault: { kind: 'never_ending' }, chunk_ms: 5 };
    const abortedAt: number[] = [];
    const error = await failureOf(
      (async function* () {
        for await (const part of client(connection()).stream(asking(control), controller.signal)) {
          yield part;
          if (part.type === 'text-delta' && abortedAt.length === 0) {
            abortedAt.push(Date.now());
            controller.abort();
          }
        }
      })(),
    );
    expect(error).toMatchObject({ kind: 'generic', retryable: false });
    await eventually(async () => {
      const [entry] = await ledger(key);
      expect((entry?.closed_by_client_at ?? Infinity) - (abortedAt[0] ?? 0)).toBeLessThan(250);
    });
  });

  it('closes the socket when the reader stops reading', async () => {
    const key = `leave-${connection().type}`;
    const control: ControlInput = { key, fault: { kind: 'never_ending' }, chunk_ms: 5 };
    for await (const part of client(connection()).stream(asking(control), idle())) {
      if (part.type === 'text-delta') break;
    }
    await eventually(async () => {
      const [entry] = await ledger(key);
      expect(entry?.closed_by_client_at).not.toBeNull();
      expect(entry).toBeDefined();
    });
  });

  it('closes the socket when aborted before the headers came', async () => {
    const key = `early-${connection().type}`;
    const controller = new AbortController();
    const control: ControlInput = { key, fault: { kind: 'slow_headers', ms: 60_000 } };
    const failure = failureOf(client(connection()).stream(asking(control), controller.signal));
    await eventually(async () => expect(await ledger(key)).toHaveLength(1));
    controller.abort();
    expect(await failure).toMatchObject({ kind: 'generic', retryable: false });
    await eventually(async () => {
      const [entry] = await ledger(key);
      expect(entry?.closed_by_client_at).toEqual(expect.any(Number));
    });
  });

  it('gives up on a stream that is silent for ten minutes, counted from the last part', async () => {
    const clock = new FakeClock();
    const control: ControlInput = { fault: { kind: 'stall', after_chunks: 2 }, chunk_count: 4, chunk_ms: 0 };
    const seen: ModelStreamPart[] = [];
    const failure = failureOf(
      (async function* () {
        for await (const part of client(connection(), { clock }).stream(asking(control), idle())) {
          seen.push(part);
          yield part;
        }
      })(),
    );
    await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(2));
    await clock.waitForSleeper('model silence');
    await clock.advance(10 * 60_000 - 1);
    expect(clock.sleepers('model silence')).toHaveLength(1);
    await clock.advance(1);
    expect(await failure).toMatchObject({ kind: 'stream_silence_timeout', retryable: true });
  });

  it('reuses the connection of an answer that came to its end', async () => {
    const opened = new Set<number>();
    const own = new ProviderConnections();
    for (let turn = 0; turn < 3; turn += 1) {
      await collect(client(connection(), { connections: own }).stream(asking({}), idle()));
      await eventually(() => expect(own.idleSockets().length).toBeGreaterThan(0));
      for (const port of own.idleSockets()) opened.add(port);
    }
    own.close();
    expect(opened.size).toBe(1);
  });

  it('names a conversation', async () => {
    const control: ControlInput = {
      structured: { title: 'Greeting the World' },
      reply: '{"title":"Greeting the World"}',
    };
    const { title, usage } = await generateTitle(
      client(connection()),
      `Say hello ${formatControlBlock(control)}`,
      idle(),
    );
    expect(title).toBe('Greeting the World');
    expect(usage?.output_tokens).toBeGreaterThan(0);
  });
});

it('fails with a config error when the base URL of a compatible server is missing', () => {
  const connection: ModelConnection = { providerId: 'p', type: 'openai-compat', modelName: 'm' };
  expect(() => client(connection)).toThrow(expect.objectContaining({ kind: 'config' }) as Error);
});

it('calls a server that is not there a retryable timeout', async () => {
  const connection: ModelConnection = {
    providerId: 'p',
    type: 'openai-compat',
    baseUrl: 'http://127.0.0.1:1/v1',
    modelName: 'm',
  };
  const error = await failureOf(client(connection).stream(asking({}), idle()));
  expect(error).toMatchObject({ kind: 'timeout', retryable: true });
});
