import OpenAI from 'openai';
import type { ControlInput } from '../control';
import { formatControlBlock } from '../control-block';
import { LlmMock } from '../llm-mock';

type Message = OpenAI.Chat.ChatCompletionMessageParam;
const tools: OpenAI.Chat.ChatCompletionTool[] = [
  {
    type: 'function',
    function: {
      name: 'execute',
      parameters: { type: 'object', properties: { command: { type: 'string' } } },
    },
  },
];
const twoCalls: ControlInput = {
  tool_calls: [
    [
      { name: 'execute', arguments: { command: 'one' } },
      { name: 'execute', arguments: { command: 'two' } },
    ],
    [{ name: 'execute', arguments: { command: 'three' } }],
  ],
};

describe('the Chat Completions API, used by the official SDK', () => {
  const mock = new LlmMock();
  let client: OpenAI;
  let url: string;
  beforeAll(async () => {
    ({ url } = await mock.start());
    client = new OpenAI({ apiKey: 'any', baseURL: `${url}/v1`, maxRetries: 0 });
  });
  afterAll(() => mock.stop());

  const ask = (control: ControlInput): Message => ({
    role: 'user',
    content: `Hello ${formatControlBlock(control)}`,
  });

  test('a streamed text has the role first, the reason, the usage chunk when asked for, and [DONE]', async () => {
    const body = {
      model: 'm',
      messages: [ask({ reply: 'One two.', chunk_count: 2 })],
      stream: true,
      stream_options: { include_usage: true },
    };
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const lines = (await response.text()).split('\n\n').filter((line) => line !== '');
    expect(lines.at(-1)).toBe('data: [DONE]');
    const chunks = lines
      .slice(0, -1)
      .map((line) => JSON.parse(line.slice('data: '.length)) as OpenAI.Chat.ChatCompletionChunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta)).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { content: 'One ' },
      { content: 'two.' },
      {},
      undefined,
    ]);
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([
      null,
      null,
      null,
      'stop',
      undefined,
    ]);
    expect(chunks.map((chunk) => chunk.usage === null)).toEqual([true, true, true, true, false]);
    expect(chunks.at(-1)?.usage).toMatchObject({ completion_tokens: 2 });
  });

  test('there is no usage chunk when it was not asked for', async () => {
    const stream = await client.chat.completions.create({ model: 'm', messages: [ask({})], stream: true });
    for await (const chunk of stream) {
      expect(chunk.choices).toHaveLength(1);
      expect(chunk).not.toHaveProperty('usage');
    }
  });

  test("the SDK's accumulator rebuilds the text that the plain reply has", async () => {
    const request = { model: 'm', messages: [ask({ reply: 'Grüße \u{1F600} and more', chunk_size: 1 })] };
    const streamed = await client.chat.completions.stream(request).finalChatCompletion();
    const whole = await client.chat.completions.create(request);
    expect(streamed.choices[0]?.message.content).toBe('Grüße \u{1F600} and more');
    expect(whole.choices[0]?.message.content).toBe('Grüße \u{1F600} and more');
    expect(whole.choices[0]?.finish_reason).toBe('stop');
    expect(whole.usage?.total_tokens).toBeGreaterThan(0);
  });

  test('reasoning comes as reasoning_content, before the text', async () => {
    const request = {
      model: 'm',
      messages: [ask({ reply: 'Done.', reasoning: 'I think.', chunk_count: 1 })],
    };
    const stream = await client.chat.completions.create({ ...request, stream: true });
    const deltas: unknown[] = [];
    for await (const chunk of stream) deltas.push(chunk.choices[0]?.delta);
    expect(deltas.slice(1, 3)).toEqual([{ reasoning_content: 'I think.' }, { content: 'Done.' }]);
    const whole = await client.chat.completions.create(request);
    expect(whole.choices[0]?.message).toMatchObject({ reasoning_content: 'I think.', content: 'Done.' });
  });

  test('scripted steps follow the tool results, then text; a new user message starts over', async () => {
    const messages: Message[] = [ask({ ...twoCalls, reply: 'All done.', argument_chunk_size: 2 })];
    const seen: unknown[] = [];
    for (let step = 0; step < 3; step += 1) {
      const completion = await client.chat.completions
        .stream({ model: 'm', messages, tools })
        .finalChatCompletion();
      const choice = completion.choices[0];
      if (choice === undefined) throw new Error('no choice');
      const calls = choice.message.tool_calls ?? [];
      seen.push([
        choice.finish_reason,
        ...calls.map((call) => call.type === 'function' && call.function.arguments),
      ]);
      if (calls.length === 0) break;
      messages.push({
        role: 'assistant',
        content: null,
        tool_calls: calls.map(({ id, function: { name, arguments: text } }) => ({
          id,
          type: 'function',
          function: { name, arguments: text },
        })),
      });
      for (const call of calls) messages.push({ role: 'tool', tool_call_id: call.id, content: 'ok' });
    }
    expect(seen).toEqual([
      ['tool_calls', '{"command":"one"}', '{"command":"two"}'],
      ['tool_calls', '{"command":"three"}'],
      ['stop'],
    ]);
    const again = await client.chat.completions.create({
      model: 'm',
      messages: [...messages, ask(twoCalls)],
      tools,
    });
    expect(again.choices[0]?.message.tool_calls).toHaveLength(2);
  });

  test('a forced tool is called with arguments of its schema', async () => {
    const completion = await client.chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: 'list all files' }],
      tools,
      tool_choice: { type: 'function', function: { name: 'execute' } },
    });
    expect(completion.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      function: { name: 'execute', arguments: '{"command":"List all files"}' },
    });
  });

  test('a system message that shows the JSON it wants gets that, and suffers no fault of the text it quotes', async () => {
    const quoted = formatControlBlock({ reply: 'Done.', fault: { kind: 'status', status: 500 } });
    const completion = await client.chat.completions.create({
      model: 'm',
      messages: [
        { role: 'system', content: 'Reply with JSON of the form {"label": "..."}.' },
        { role: 'user', content: `Repaired the bicycle ${quoted}` },
      ],
    });
    expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual({
      label: 'Repaired the bicycle',
    });
  });

  test('a system message that asks for a title as JSON gets one', async () => {
    const completion = await client.chat.completions.create({
      model: 'm',
      messages: [
        { role: 'system', content: 'Answer with a JSON object {"title": string}.' },
        { role: 'user', content: 'repair my bicycle' },
      ],
    });
    expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual({ title: 'Repair my bicycle' });
  });

  test('stop sequences and limits end the answer', async () => {
    const stopped = await client.chat.completions.create({
      model: 'm',
      messages: [ask({ reply: 'a b STOP c' })],
      stop: ['STOP'],
    });
    expect(stopped.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'a b ' } });
    const cut = await client.chat.completions.create({
      model: 'm',
      messages: [ask({ reply: 'x'.repeat(99) })],
      max_tokens: 2,
    });
    expect(cut.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'xxxxxxxx' } });
    const filtered = await client.chat.completions.create({
      model: 'm',
      messages: [ask({ finish_reason: 'content_filter' })],
    });
    expect(filtered.choices[0]?.finish_reason).toBe('content_filter');
  });

  test('an error inside the stream is thrown by the SDK', async () => {
    const fault = { kind: 'stream_error' as const, after_chunks: 1, message: 'broken' };
    const stream = await client.chat.completions.create({
      model: 'm',
      messages: [ask({ fault })],
      stream: true,
    });
    const read = async (): Promise<void> => {
      for await (const chunk of stream) expect(chunk.choices).toHaveLength(1);
    };
    await expect(read()).rejects.toThrow('broken');
  });
});
