import OpenAI from 'openai';
import { formatControlBlock } from '../control-block';
import type { ControlInput } from '../control';
import { LlmMock } from '../llm-mock';

type Item = OpenAI.Responses.ResponseInputItem;
const tools: OpenAI.Responses.Tool[] = [
  {
    type: 'function',
    name: 'execute',
    description: 'Runs a command',
    strict: true,
    parameters: {
      type: 'object',
      properties: { command: { type: 'string' } },
      required: ['command'],
      additionalProperties: false,
    },
  },
];
const twoCalls: ControlInput = {
  tool_calls: [
    [
      { name: 'execute', arguments: { command: 'echo "one" \u{1F600}' } },
      { name: 'execute', arguments: { command: 'two' } },
    ],
  ],
};

describe('the Responses API, used by the official SDK', () => {
  const mock = new LlmMock();
  let client: OpenAI;
  beforeAll(async () => {
    const { url } = await mock.start({ idPrefix: '0123456789ab' });
    client = new OpenAI({ apiKey: 'any', baseURL: `${url}/v1`, maxRetries: 0 });
  });
  afterAll(() => mock.stop());

  const ask = (control: ControlInput): string => `Hello ${formatControlBlock(control)}`;

  test('a streamed text arrives as events in the real order, numbered without a gap', async () => {
    const stream = await client.responses.create({
      model: 'mock-model',
      input: ask({ reply: 'One two.', chunk_count: 2 }),
      stream: true,
    });
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(events.map((event) => event.type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_event, index) => index));
    expect(events[4]).toMatchObject({
      item_id: expect.stringMatching(/^msg_/) as unknown,
      output_index: 0,
      content_index: 0,
      logprobs: [],
    });
  });

  test("the SDK's accumulator rebuilds text and usage, and equals the reply that is not streamed", async () => {
    const request = {
      model: 'mock-model',
      instructions: 'Be kind.',
      input: ask({ reply: 'Grüße \u{1F600}\u{1F600} and more', chunk_size: 1 }),
    };
    const streamed = await client.responses.stream(request).finalResponse();
    const whole = await client.responses.create(request);
    expect(streamed.output_text).toBe('Grüße \u{1F600}\u{1F600} and more');
    expect(whole.output_text).toBe(streamed.output_text);
    expect(whole.usage).toEqual(streamed.usage);
    expect(streamed.usage?.total_tokens).toBe(
      (streamed.usage?.input_tokens ?? 0) + (streamed.usage?.output_tokens ?? 0),
    );
    expect(whole).toMatchObject({
      status: 'completed',
      instructions: 'Be kind.',
      object: 'response',
      error: null,
    });
  });

  test('reasoning comes as a summary in parts with encrypted content, and may be sent back', async () => {
    const input: Item[] = [
      { role: 'user', content: ask({ reply: 'Done.', reasoning: 'First thought.\n\nSecond thought.' }) },
    ];
    const request = {
      model: 'mock-model',
      store: false,
      include: ['reasoning.encrypted_content' as const],
      reasoning: { effort: 'low' as const, summary: 'auto' as const },
    };
    const first = await client.responses.stream({ ...request, input }).finalResponse();
    const [reasoning, message] = first.output;
    expect(reasoning).toMatchObject({
      type: 'reasoning',
      summary: [
        { type: 'summary_text', text: 'First thought.' },
        { type: 'summary_text', text: 'Second thought.' },
      ],
      encrypted_content: expect.stringMatching(/^gAAAAAB/) as unknown,
    });
    expect(message?.type).toBe('message');
    expect(first.usage?.output_tokens_details.reasoning_tokens).toBeGreaterThan(0);
    // The stream helper adds fields of its own (`parsed`), which the API refuses; a plain reply goes back as it is.
    const plain = await client.responses.create({ ...request, input });
    expect(plain.output.map((item) => item.type)).toEqual(first.output.map((item) => item.type));
    const history: Item[] = [...input, ...(plain.output as Item[]), { role: 'user', content: 'And now?' }];
    const second = await client.responses.create({ ...request, input: history });
    expect(second.status).toBe('completed');
  });

  test('without a wish for a summary the reasoning item has none', async () => {
    const response = await client.responses.create({
      model: 'm',
      input: ask({ reasoning: 'Secret.' }),
      reasoning: { effort: 'low' },
    });
    expect(response.output[0]).toMatchObject({ type: 'reasoning', summary: [] });
  });

  test('parallel tool calls come in fragments; with their outputs the turn goes on to text', async () => {
    const input: Item[] = [
      { role: 'user', content: ask({ ...twoCalls, reply: 'Both done.', argument_chunk_size: 3 }) },
    ];
    const stream = client.responses.stream({ model: 'm', input, tools });
    let deltas = 0;
    stream.on('response.function_call_arguments.delta', () => (deltas += 1));
    const first = await stream.finalResponse();
    const calls = first.output.filter((item) => item.type === 'function_call');
    expect(deltas).toBeGreaterThan(10);
    expect(calls.map((call) => JSON.parse(call.arguments) as unknown)).toEqual([
      { command: 'echo "one" \u{1F600}' },
      { command: 'two' },
    ]);
    expect(new Set(calls.map((call) => call.call_id)).size).toBe(2);
    const outputs = calls.map((call): Item => ({
      type: 'function_call_output',
      call_id: call.call_id,
      output: 'ok',
    }));
    const calledItems = calls.map(({ call_id, name, arguments: text, id }): Item => ({
      type: 'function_call',
      call_id,
      name,
      arguments: text,
      id: id ?? '',
    }));
    const second = await client.responses.create({
      model: 'm',
      input: [...input, ...calledItems, ...outputs],
      tools,
    });
    expect(second.output_text).toBe('Both done.');
  });

  test('an answer cut by the limit or the filter is incomplete, with the reason', async () => {
    const long = await client.responses
      .stream({ model: 'm', input: ask({ reply: 'x'.repeat(500) }), max_output_tokens: 16 })
      .finalResponse();
    expect(long).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    expect(long.output_text).toHaveLength(64);
    const filtered = await client.responses.create({
      model: 'm',
      input: ask({ finish_reason: 'content_filter' }),
    });
    expect(filtered.incomplete_details).toEqual({ reason: 'content_filter' });
  });

  test('a refusal is a refusal part', async () => {
    const control = { reply: 'I will not.', finish_reason: 'refusal' as const };
    const response = await client.responses.stream({ model: 'm', input: ask(control) }).finalResponse();
    expect(response.output[0]).toMatchObject({ content: [{ type: 'refusal', refusal: 'I will not.' }] });
  });

  test('a request for a JSON title gets an object of its schema, whatever control block the text quotes', async () => {
    const response = await client.responses.create({
      model: 'm',
      input: `fix the login page of our shop, please ${formatControlBlock({ reply: 'not json', fault: { kind: 'status', status: 500 } })}`,
      text: {
        format: {
          type: 'json_schema',
          name: 'title',
          strict: true,
          schema: {
            type: 'object',
            properties: { title: { type: 'string' } },
            required: ['title'],
            additionalProperties: false,
          },
        },
      },
    });
    expect(JSON.parse(response.output_text)).toEqual({ title: 'Fix the login page of' });
  });

  test('an error inside the stream reaches the caller as an APIError', async () => {
    const stream = await client.responses.create({
      model: 'm',
      stream: true,
      input: ask({
        fault: { kind: 'stream_error', after_chunks: 1, type: 'rate_limit_exceeded', message: 'slow down' },
      }),
    });
    const events: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(events.at(-2)).toMatchObject({
      type: 'error',
      code: 'rate_limit_exceeded',
      message: 'slow down',
      sequence_number: 5,
    });
    expect(events.at(-1)).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed' },
      sequence_number: 6,
    });
  });
});
