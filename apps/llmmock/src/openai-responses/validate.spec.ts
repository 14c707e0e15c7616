import OpenAI, { APIError } from 'openai';
import { formatControlBlock } from '../control-block';
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
describe('what the Responses API refuses', () => {
  const mock = new LlmMock();
  let client: OpenAI;
  beforeAll(async () => {
    const { url } = await mock.start();
    client = new OpenAI({ apiKey: 'any', baseURL: `${url}/v1`, maxRetries: 0 });
  });
  afterAll(() => mock.stop());

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
      { input: formatControlBlock({ tool_calls: [[{ name: 'execute' }]] }) },
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
      message: expect.stringMatching(message) as unknown,
    });
    expect(refused.error).toMatchObject({ type: 'invalid_request_error' });
    expect(refused.requestID).toMatch(/^req_/);
  });
});
