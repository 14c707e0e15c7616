import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { LlmMock } from '../llm-mock';

type Message = Anthropic.MessageParam;
const tools: Anthropic.Tool[] = [
  {
    name: 'execute',
    description: 'Runs',
    input_schema: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
  },
];
describe('what the Messages API refuses', () => {
  const mock = new LlmMock();
  let client: Anthropic;
  beforeAll(async () => {
    const { url } = await mock.start();
    client = new Anthropic({ apiKey: 'any', baseURL: url, maxRetries: 0 });
  });
  afterAll(() => mock.stop());

  const base = { model: 'm', max_tokens: 4096 };
  const user: Message = { role: 'user', content: 'Hi' };
  const calls = (...ids: string[]): Message => ({
    role: 'assistant',
    content: ids.map((id) => ({ type: 'tool_use', id, name: 'execute', input: {} })),
  });
  const results = (...ids: string[]): Message => ({
    role: 'user',
    content: ids.map((id) => ({ type: 'tool_result', tool_use_id: id, content: 'x' })),
  });
  const late: Message = {
    role: 'user',
    content: [
      { type: 'text', text: 'wait' },
      { type: 'tool_result', tool_use_id: 'a', content: 'x' },
    ],
  };
  const cached = { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } };
  const refusals: [string, object, RegExp][] = [
    ['a missing model', { model: undefined }, /model: Field required/],
    ['a missing limit', { max_tokens: undefined }, /max_tokens: Field required/],
    ['a limit of zero', { max_tokens: 0 }, /max_tokens: Input should be greater than or equal to 1/],
    ['no messages', { messages: [] }, /at least one message is required/],
    ['an unknown parameter', { instructions: 'x' }, /instructions: Extra inputs are not permitted/],
    [
      'a temperature out of range',
      { temperature: 1.5 },
      /temperature: Input should be less than or equal to 1/,
    ],
    [
      'a first message of the assistant',
      { messages: [{ role: 'assistant', content: 'Hi' }, user] },
      /first message must use the/,
    ],
    ['a bad role', { messages: [user, { role: 'tool', content: 'x' }] }, /Unexpected role/],
    ['empty content', { messages: [{ role: 'user', content: '' }] }, /must have non-empty content/],
    [
      'an empty text block',
      { messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] },
      /text content blocks must be non-empty/,
    ],
    [
      'a blank text block',
      { messages: [{ role: 'user', content: [{ type: 'text', text: ' \n' }] }] },
      /must contain non-whitespace text/,
    ],
    [
      'a blank system block',
      { system: [{ type: 'text', text: '' }] },
      /system: text content blocks must be non-empty/,
    ],
    [
      'an unknown block',
      { messages: [{ role: 'user', content: [{ type: 'input_text', text: 'x' }] }] },
      /Input tag 'input_text'/,
    ],
    [
      'a prefilled answer',
      { messages: [user, { role: 'assistant', content: 'So' }] },
      /must end with a user message/,
    ],
    [
      'a call without result',
      { messages: [user, calls('a'), user] },
      /ids were found without `tool_result` blocks immediately after: a/,
    ],
    [
      'a result after text',
      { messages: [user, calls('a'), late] },
      /without `tool_result` blocks immediately after: a/,
    ],
    [
      'a result without call',
      { messages: [user, results('a')] },
      /unexpected `tool_use_id` found in `tool_result` blocks: a/,
    ],
    [
      'a result given twice',
      { messages: [user, calls('a'), results('a', 'a')] },
      /must have a single result/,
    ],
    [
      'a call id used twice',
      { messages: [user, calls('a'), results('a'), calls('a'), results('a')] },
      /`tool_use` ids must be unique/,
    ],
    [
      'a result by the assistant',
      { messages: [user, { ...results('a'), role: 'assistant' }, user] },
      /can only be in `user` messages/,
    ],
    [
      'a call id out of pattern',
      { messages: [user, calls('a.b'), results('a.b')] },
      /String should match pattern '\^\[a-zA-Z0-9_-\]\+\$'/,
    ],
    [
      'call input that is no object',
      {
        messages: [
          user,
          { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'x', input: '{}' }] },
          results('a'),
        ],
      },
      /valid dictionary/,
    ],
    [
      'a tool name out of pattern',
      { tools: [{ name: 'a b', input_schema: { type: 'object' } }] },
      /String should match pattern/,
    ],
    ['two tools of one name', { tools: [...tools, ...tools] }, /Tool names must be unique/],
    [
      'a choice of an unknown tool',
      { tools, tool_choice: { type: 'tool', name: 'nope' } },
      /Tool 'nope' not found/,
    ],
    [
      'a thinking budget over the limit',
      { thinking: { type: 'enabled', budget_tokens: 5000 } },
      /must be greater than `thinking.budget_tokens`/,
    ],
    [
      'a thinking model whose last answer called tools without a thought',
      {
        messages: [user, calls('a'), results('a'), user],
        max_tokens: 4000,
        thinking: { type: 'enabled', budget_tokens: 2000 },
      },
      /Expected `thinking` or `redacted_thinking`, but found `tool_use`/,
    ],
    [
      'thinking with a temperature',
      { thinking: { type: 'adaptive' }, temperature: 0.5 },
      /may only be set to 1/,
    ],
    ['five cache breakpoints', { system: [cached, cached, cached, cached, cached] }, /A maximum of 4 blocks/],
    [
      'redacted thinking that was altered',
      { messages: [user, { role: 'assistant', content: [{ type: 'redacted_thinking', data: 'x' }] }, user] },
      /Invalid `data`/,
    ],
  ];
  test.each(refusals)('%s is refused as the API does', async (_name, change, message) => {
    const request = { ...base, messages: [user], ...change } as Anthropic.MessageCreateParamsNonStreaming;
    const error: unknown = await client.messages.create(request).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: expect.stringMatching(message) as unknown,
    });
  });

  test('a message of the assistant that ends with thinking is refused', async () => {
    const thinking = { type: 'adaptive' as const };
    const reply = await client.messages.create({ ...base, thinking, messages: [user] });
    const [first] = reply.content;
    const messages = [user, { role: 'assistant', content: [first] }, user] as Message[];
    await expect(client.messages.create({ ...base, messages })).rejects.toThrow('cannot be `thinking`');
  });

  test('results and text of the user in two messages count as one', async () => {
    const messages = [user, calls('a', 'b'), results('a'), results('b'), user];
    await expect(client.messages.create({ ...base, messages })).resolves.toMatchObject({
      stop_reason: 'end_turn',
    });
  });
});
