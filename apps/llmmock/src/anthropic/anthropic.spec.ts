import Anthropic from '@anthropic-ai/sdk';
import type { ControlInput } from '../control';
import { formatControlBlock } from '../control-block';
import { LlmMock } from '../llm-mock';

type Message = Anthropic.MessageParam;
const tools: Anthropic.Tool[] = [
  {
    name: 'execute',
    description: 'Runs',
    input_schema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
  },
];
const twoCalls: ControlInput = {
  tool_calls: [
    {
      text: 'Let me look.',
      calls: [
        { name: 'execute', arguments: { command: 'one' } },
        { name: 'execute', arguments: { command: 'two' } },
      ],
    },
  ],
};

describe('the Messages API, used by the official SDK', () => {
  const mock = new LlmMock();
  let client: Anthropic;
  beforeAll(async () => {
    const { url } = await mock.start();
    client = new Anthropic({ apiKey: 'any', baseURL: url, maxRetries: 0 });
  });
  afterAll(() => mock.stop());

  const ask = (control: ControlInput): Message => ({
    role: 'user',
    content: `Hello ${formatControlBlock(control)}`,
  });
  const base = { model: 'm', max_tokens: 4096 };

  test('a streamed text arrives as events in the real order, with usage at both ends', async () => {
    const stream = await client.messages.create({
      ...base,
      messages: [ask({ reply: 'One two.', chunk_count: 2 })],
      stream: true,
    });
    const events: Anthropic.RawMessageStreamEvent[] = [];
    for await (const event of stream) events.push(event);
    expect(events.map((event) => event.type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(events[0]).toMatchObject({
      message: { content: [], stop_reason: null, usage: { output_tokens: 1 } },
    });
    expect(events[5]).toMatchObject({
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: 2 },
    });
  });

  test("the SDK's accumulator rebuilds the message that the plain reply has", async () => {
    const request = {
      ...base,
      system: 'Be kind.',
      messages: [ask({ reply: 'Grüße \u{1F600} and more', chunk_size: 1 })],
    };
    const streamed = await client.messages.stream(request).finalMessage();
    const { id: _id, ...whole } = await client.messages.create(request);
    expect(streamed).toMatchObject(whole);
    expect(whole.content).toEqual([{ type: 'text', text: 'Grüße \u{1F600} and more', citations: null }]);
  });

  test('thinking is signed, and may be sent back only unaltered', async () => {
    const thinking = { type: 'enabled' as const, budget_tokens: 1024 };
    const question = ask({ reply: 'Done.', reasoning: 'I think so.' });
    const first = await client.messages.stream({ ...base, thinking, messages: [question] }).finalMessage();
    expect(first.content.map((block) => block.type)).toEqual(['thinking', 'text']);
    expect(first.usage.output_tokens_details?.thinking_tokens).toBeGreaterThan(0);
    const history: Message[] = [
      question,
      { role: 'assistant', content: first.content as Anthropic.ContentBlockParam[] },
      { role: 'user', content: 'Go on' },
    ];
    await expect(client.messages.create({ ...base, thinking, messages: history })).resolves.toMatchObject({
      stop_reason: 'end_turn',
    });
    const [block] = first.content;
    if (block?.type !== 'thinking') throw new Error('no thinking');
    const altered: Message[] = [
      question,
      {
        role: 'assistant',
        content: [
          { ...block, signature: `${block.signature}x` },
          { type: 'text', text: 'Done.' },
        ],
      },
      { role: 'user', content: 'Go on' },
    ];
    await expect(client.messages.create({ ...base, thinking, messages: altered })).rejects.toThrow(
      'messages.1.content.0: Invalid `signature` in `thinking` block',
    );
  });

  test('thinking may be redacted or omitted, and comes back as it was', async () => {
    const question = ask({ reasoning: 'Secret.', reasoning_redacted: true });
    const thinking = { type: 'adaptive' as const };
    const redacted = await client.messages.stream({ ...base, thinking, messages: [question] }).finalMessage();
    expect(redacted.content[0]).toMatchObject({
      type: 'redacted_thinking',
      data: expect.any(String) as unknown,
    });
    const omitted = await client.messages.create({
      ...base,
      thinking: { type: 'adaptive', display: 'omitted' },
      messages: [ask({})],
    });
    expect(omitted.content[0]).toMatchObject({
      type: 'thinking',
      thinking: '',
      signature: expect.stringMatching(/^Em0c/) as unknown,
    });
    for (const content of [redacted.content, omitted.content]) {
      const history: Message[] = [
        question,
        { role: 'assistant', content: content as Anthropic.ContentBlockParam[] },
        { role: 'user', content: 'Go on' },
      ];
      await expect(client.messages.create({ ...base, thinking, messages: history })).resolves.toMatchObject({
        type: 'message',
      });
    }
  });

  test('a model that was not told to think shows no thinking', async () => {
    const message = await client.messages.create({ ...base, messages: [ask({ reasoning: 'I think.' })] });
    expect(message.content.map((block) => block.type)).toEqual(['text']);
  });

  test('text and parallel tool calls come in fragments; with their results the turn goes on to text', async () => {
    const question = ask({ ...twoCalls, reply: 'Both done.', argument_chunk_size: 3 });
    const stream = client.messages.stream({ ...base, messages: [question], tools });
    let fragments = 0;
    stream.on('inputJson', () => (fragments += 1));
    const first = await stream.finalMessage();
    expect(first.stop_reason).toBe('tool_use');
    expect(fragments).toBeGreaterThan(8);
    const calls = first.content.filter((block) => block.type === 'tool_use');
    expect(first.content[0]).toMatchObject({ type: 'text', text: 'Let me look.' });
    expect(calls.map((call) => call.input)).toEqual([{ command: 'one' }, { command: 'two' }]);
    const results = calls.map((call): Anthropic.ToolResultBlockParam => ({
      type: 'tool_result',
      tool_use_id: call.id,
      content: 'ok',
    }));
    const assistant = first.content.map((block): Anthropic.ContentBlockParam =>
      block.type === 'tool_use'
        ? { type: 'tool_use', id: block.id, name: block.name, input: block.input }
        : (block as Anthropic.TextBlockParam),
    );
    const second = await client.messages.create({
      ...base,
      tools,
      messages: [question, { role: 'assistant', content: assistant }, { role: 'user', content: results }],
    });
    expect(second.content).toMatchObject([{ text: 'Both done.' }]);
  });

  test('a title by output_config and by a forced tool', async () => {
    const schema = {
      type: 'object' as const,
      properties: { title: { type: 'string' } },
      required: ['title'],
      additionalProperties: false,
    };
    const messages: Message[] = [{ role: 'user', content: 'plan a garden' }];
    const byFormat = await client.messages.create({
      ...base,
      messages,
      output_config: { format: { type: 'json_schema', schema } },
    });
    expect(byFormat.content).toMatchObject([{ type: 'text', text: '{"title":"Plan a garden"}' }]);
    const byTool = await client.messages.create({
      ...base,
      messages,
      tools: [{ name: 'set_title', input_schema: schema }],
      tool_choice: { type: 'tool', name: 'set_title' },
    });
    expect(byTool.content).toMatchObject([
      { type: 'tool_use', name: 'set_title', input: { title: 'Plan a garden' } },
    ]);
  });

  test('stop reasons: limit, stop sequence, refusal', async () => {
    const cut = await client.messages.create({
      ...base,
      max_tokens: 2,
      messages: [ask({ reply: 'x'.repeat(99) })],
    });
    expect(cut).toMatchObject({ stop_reason: 'max_tokens', content: [{ text: 'xxxxxxxx' }] });
    const stopped = await client.messages.create({
      ...base,
      stop_sequences: ['STOP'],
      messages: [ask({ reply: 'a STOP b' })],
    });
    expect(stopped).toMatchObject({
      stop_reason: 'stop_sequence',
      stop_sequence: 'STOP',
      content: [{ text: 'a ' }],
    });
    const refused = await client.messages
      .stream({ ...base, messages: [ask({ finish_reason: 'content_filter' })] })
      .finalMessage();
    expect(refused).toMatchObject({ stop_reason: 'refusal', stop_details: { type: 'refusal' } });
  });

  test('an error inside the stream is thrown by the SDK with its type', async () => {
    const fault = { kind: 'stream_error' as const, after_chunks: 1, message: 'Overloaded' };
    const stream = await client.messages.create({ ...base, messages: [ask({ fault })], stream: true });
    const read = async (): Promise<void> => {
      for await (const event of stream) expect(event.type).toBeDefined();
    };
    await expect(read()).rejects.toMatchObject({ type: 'overloaded_error' });
  });
});
