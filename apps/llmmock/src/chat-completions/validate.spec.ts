import OpenAI, { APIError } from 'openai';
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
describe('what the Chat Completions API refuses', () => {
  const mock = new LlmMock();
  let client: OpenAI;
  beforeAll(async () => {
    const { url } = await mock.start();
    client = new OpenAI({ apiKey: 'any', baseURL: `${url}/v1`, maxRetries: 0 });
  });
  afterAll(() => mock.stop());

  const user: Message = { role: 'user', content: 'Hi' };
  const calls = (...ids: string[]): Message => ({
    role: 'assistant',
    content: null,
    tool_calls: ids.map((id) => ({ id, type: 'function', function: { name: 'execute', arguments: '{}' } })),
  });
  const result = (id: string): Message => ({ role: 'tool', tool_call_id: id, content: 'x' });
  const refusals: [string, object, RegExp][] = [
    ['a missing model', { model: undefined }, /you must provide a model/],
    ['no messages', { messages: [] }, /Invalid 'messages': empty array/],
    ['an unknown parameter', { input: 'x' }, /Unrecognized request argument supplied: input/],
    ['a temperature out of range', { temperature: -1 }, /decimal below minimum/],
    ['a bad role', { messages: [{ role: 'robot', content: 'x' }] }, /Invalid value: 'robot'/],
    ['content that is null', { messages: [{ role: 'user', content: null }] }, /expected a string, got null/],
    [
      'an assistant message with nothing',
      { messages: [user, { role: 'assistant', content: null }, user] },
      /expected a string, got null/,
    ],
    ['a call without result', { messages: [user, calls('a')] }, /did not have response messages: a/],
    [
      'a user message before all results',
      { messages: [user, calls('a', 'b'), result('a'), user] },
      /did not have response messages: b/,
    ],
    [
      'a result without call',
      { messages: [user, result('a')] },
      /must be a response to a preceeding message/,
    ],
    [
      'a result before its call',
      { messages: [user, result('a'), calls('a')] },
      /must be a response to a preceeding message/,
    ],
    [
      'a result given twice',
      { messages: [user, calls('a'), result('a'), result('a')] },
      /Duplicate value for 'tool_call_id'/,
    ],
    [
      'a call id used twice',
      { messages: [user, calls('a', 'a'), result('a')] },
      /Duplicate value for 'tool_call_id'/,
    ],
    [
      'arguments that are not JSON',
      {
        messages: [
          user,
          {
            role: 'assistant',
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'x', arguments: '{' } }],
          },
          result('a'),
        ],
      },
      /function\.arguments/,
    ],
    ['an empty list of tools', { tools: [] }, /Invalid 'tools': empty array/],
    [
      'a tool name out of pattern',
      { tools: [{ type: 'function', function: { name: 'a b' } }] },
      /does not match pattern/,
    ],
    [
      'a tool of the other API',
      { tools: [{ type: 'function', name: 'x' }] },
      /Unknown parameter: 'tools\[0\]\.name'/,
    ],
    ['a tool choice without tools', { tool_choice: 'auto' }, /only allowed when 'tools' are specified/],
    [
      'a choice of an unknown tool',
      { tools, tool_choice: { type: 'function', function: { name: 'nope' } } },
      /not found in 'tools'/,
    ],
    ['both limits', { max_tokens: 5, max_completion_tokens: 5 }, /at the same time/],
    [
      'stream options without a stream',
      { stream_options: { include_usage: true } },
      /only allowed when 'stream' is enabled/,
    ],
    [
      'JSON mode without the word',
      { response_format: { type: 'json_object' } },
      /must contain the word 'json'/,
    ],
  ];
  test.each(refusals)('%s is refused as the API does', async (_name, change, message) => {
    const request = {
      model: 'm',
      messages: [user],
      ...change,
    } as OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;
    const error: unknown = await client.chat.completions.create(request).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({
      status: 400,
      message: expect.stringMatching(message) as unknown,
      type: 'invalid_request_error',
    });
  });
});
