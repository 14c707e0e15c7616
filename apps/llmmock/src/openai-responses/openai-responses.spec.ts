import OpenAI, { APIError } from 'openai';
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
      item_id: expect.stringMatching(/^msg_/),
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
      encrypted_content: expect.stringMatching(/^gAAAAAB/),
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
    expect(JSON.parse(response.output_text)).toEqual({ title: 'Fix the login page of our' });
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

  const user: Item = { role: 'user', content: 'Hi' };
  const call = (id: string, extra: object = {}): Item => ({
    type: 'function_call',
    call_id: id,
    name: 'execute',
    arguments: '{}',
    ...extra,
  });
  const output = (id: string): Item => ({ type: 'function_call_output', call_id: id, output: 'x' });
  const rs = 'rs_0123456789ab00000000000fa00';
  const refusals: [string, object, number, RegExp][] = [
    ['a missing model', { model: undefined }, 400, /Missing required parameter: 'model'/],
    ['a missing input', { input: undefined }, 400, /must be provided/],
    ['an unknown parameter', { max_tokens: 5 }, 400, /Unknown parameter: 'max_tokens'/],
    ['a temperature out of range', { temperature: 2.5 }, 400, /Invalid 'temperature': decimal above maximum/],
    ['too few output tokens', { max_output_tokens: 3 }, 400, /integer below minimum value/],
    ['a bad role', { input: [{ role: 'robot', content: 'x' }] }, 400, /Invalid value: 'robot'/],
    ['an unknown item type', { input: [{ type: 'thought', text: 'x' }] }, 400, /Invalid value: 'thought'/],
    [
      'an output before its call',
      { input: [user, output('a'), call('a')] },
      400,
      /No tool call found for function call output with call_id a/,
    ],
    ['a call without output', { input: [user, call('a')] }, 400, /No tool output found for function call a/],
    [
      'a call made twice',
      { input: [user, call('a'), call('a'), output('a')] },
      400,
      /Duplicate function call/,
    ],
    [
      'two outputs of one call',
      { input: [user, call('a'), output('a'), output('a')] },
      400,
      /Duplicate function call output/,
    ],
    [
      'arguments that are not JSON',
      { input: [user, call('a', { arguments: '{"x' }), output('a')] },
      400,
      /input\[1\]\.arguments/,
    ],
    [
      'a call name out of pattern',
      { input: [user, call('a', { name: 'a b' }), output('a')] },
      400,
      /does not match pattern/,
    ],
    [
      'a call id that is no fc_',
      { input: [user, call('a', { id: 'call_1' }), output('a')] },
      400,
      /begins with 'fc'/,
    ],
    [
      'an item id twice',
      { input: [user, call('a', { id: 'fc_1' }), call('b', { id: 'fc_1' }), output('a'), output('b')] },
      400,
      /Duplicate item/,
    ],
    [
      'reasoning at the end',
      { input: [user, { type: 'reasoning', id: rs, summary: [] }] },
      400,
      /without its required following item/,
    ],
    [
      'reasoning before a user message',
      { input: [{ type: 'reasoning', id: rs, summary: [] }, user] },
      400,
      /without its required following item/,
    ],
    [
      'a call without its reasoning',
      { input: [user, call('a', { id: 'fc_0123456789ab00000000000fa01' }), output('a')] },
      400,
      /without its required 'reasoning' item/,
    ],
    [
      'altered encrypted content',
      {
        input: [
          user,
          { type: 'reasoning', id: rs, summary: [], encrypted_content: 'gAAAAABx.y' },
          call('a'),
          output('a'),
        ],
      },
      400,
      /could not be verified/,
    ],
    [
      'reasoning nobody stored',
      { store: false, input: [user, { type: 'reasoning', id: rs, summary: [] }, call('a'), output('a')] },
      404,
      /not persisted/,
    ],
    [
      'a tool of the other API',
      { tools: [{ type: 'function', function: { name: 'x' } }] },
      400,
      /Missing required parameter: 'tools\[0\]\.name'/,
    ],
    [
      'a choice of an unknown tool',
      { tools, tool_choice: { type: 'function', name: 'nope' } },
      400,
      /not found in 'tools'/,
    ],
    [
      'an open schema in strict mode',
      {
        tools: [
          { type: 'function', name: 'x', strict: true, parameters: { type: 'object', properties: {} } },
        ],
      },
      400,
      /additionalProperties/,
    ],
    [
      'text of the model from the user',
      { input: [{ role: 'user', content: [{ type: 'output_text', text: 'x' }] }] },
      400,
      /Invalid value: 'output_text'/,
    ],
    [
      'a response to continue from',
      { previous_response_id: 'resp_1' },
      400,
      /Previous response with id 'resp_1' not found/,
    ],
    ['a bad control block', { input: '[[mock {"reply": 5}]]' }, 400, /reply/],
    ['a control block that is not JSON', { input: '[[mock {"reply": ]]' }, 400, /not JSON/],
    [
      'scripted calls of a tool not offered',
      { input: ask(twoCalls) },
      400,
      /"execute" is not among the tools/,
    ],
  ];
  test.each(refusals)('%s is refused as the API does', async (_name, change, status, message) => {
    const request = {
      model: 'm',
      input: 'Hi',
      ...change,
    } as OpenAI.Responses.ResponseCreateParamsNonStreaming;
    const error: unknown = await client.responses.create(request).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(APIError);
    const refused = error as APIError;
    expect({ status: refused.status, message: refused.message }).toEqual({
      status,
      message: expect.stringMatching(message),
    });
    expect(refused.error).toMatchObject({ type: 'invalid_request_error' });
    expect(refused.requestID).toMatch(/^req_/);
  });
});
