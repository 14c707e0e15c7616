import { APIConnectionError, APIConnectionTimeoutError, APIError, APIUserAbortError } from 'openai';
import { APIError as AnthropicError } from '@anthropic-ai/sdk';
import { classifyModelError } from './classify-model-error';
import { MAX_DETAIL_LENGTH, ModelError, type ModelErrorFields } from './errors';
import { statusInText } from './error-signals';
import { MalformedEventError, ReportedError, StreamEndedError } from './provider-errors';

const provider = 'openai';

function http(
  status: number,
  message = '',
  more: { code?: string; type?: string; headers?: Record<string, string> } = {},
): Error {
  const { headers, ...fields } = more;
  return APIError.generate(status, { error: { message, ...fields } }, undefined, new Headers(headers));
}

function coded(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}

type Expected = Partial<
  Pick<ModelErrorFields, 'kind' | 'retryable' | 'statusCode' | 'retryAfterMs' | 'detail'>
>;

const no = (kind: ModelErrorFields['kind']): Expected => ({ kind, retryable: false });
const yes = (kind: ModelErrorFields['kind']): Expected => ({ kind, retryable: true });

const RULES: [rule: string, error: unknown, expected: Expected][] = [
  [
    '1: already classified',
    new ModelError({ kind: 'config', retryable: true, provider: 'x' }),
    yes('config'),
  ],
  ['2: the chat was interrupted', http(500, 'The chat was interrupted'), no('generic')],
  ['2: the operation was interrupted', new Error('operation was interrupted'), no('generic')],
  ['3: a call without output', http(400, 'No tool output found for function call call_1.'), no('generic')],
  [
    '3: reasoning without its follower',
    http(400, "Item 'rs_1' of type 'reasoning' was provided without its required following item."),
    no('generic'),
  ],
  [
    '3: a message without its reasoning',
    http(400, "Item 'msg_1' of type 'message' was provided without its required 'reasoning' item: 'rs_1'."),
    no('generic'),
  ],
  [
    '3: reasoning that its maker cannot read',
    http(400, 'The encrypted content gAAA...DQ== could not be verified.', {
      code: 'invalid_encrypted_content',
    }),
    no('generic'),
  ],
  [
    '3: thinking of another model',
    http(400, 'messages.1.content.0: Invalid `signature` in `thinking` block'),
    no('generic'),
  ],
  ['4: the stream ended early', new StreamEndedError(), yes('timeout')],
  ['4: the stream was garbled', new MalformedEventError('{'), yes('timeout')],
  ['5: 529', http(529, 'busy'), yes('overloaded')],
  [
    '5: overloaded in a stream',
    new ReportedError({ type: 'overloaded_error', message: 'Overloaded' }),
    yes('overloaded'),
  ],
  [
    '6: insufficient_quota as 429',
    http(429, 'You exceeded it', { code: 'insufficient_quota' }),
    no('usage_limit'),
  ],
  ['6: quota in a 403', http(403, 'Your billing account is closed'), no('usage_limit')],
  [
    '6: a billing limit, by its code',
    http(400, 'Limit reached', { code: 'billing_hard_limit_reached' }),
    no('usage_limit'),
  ],
  ['6: a quota, by its code', http(403, 'No more', { code: 'quota_exceeded' }), no('usage_limit')],
  ['6: 402', http(402, 'pay'), no('usage_limit')],
  [
    '6: a 429 that says quota is a rate limit',
    http(429, 'Quota exceeded for requests per minute'),
    yes('rate_limit'),
  ],
  ['7: 401', http(401, 'who are you'), no('auth')],
  ['7: invalid api key in a 400', http(400, 'Invalid API key provided'), no('auth')],
  ['8: 403', http(403, 'Country not supported'), no('auth')],
  ['8: a wrong model wrapped in 403', http(403, 'model not found: gpt-9'), no('config')],
  ['9: 429', http(429, 'slow down'), yes('rate_limit')],
  [
    '9: a rate limit of Anthropic in a stream',
    new ReportedError({ type: 'rate_limit_error', message: 'Slow down' }),
    { ...yes('rate_limit'), statusCode: 429 },
  ],
  [
    '9: a rate limit of OpenAI in a stream',
    new ReportedError({ code: 'rate_limit_exceeded', message: 'Rate limit reached for gpt-5' }),
    { ...yes('rate_limit'), statusCode: 429 },
  ],
  [
    '6: a quota in a stream',
    new ReportedError({ code: 'insufficient_quota', message: 'You exceeded your current quota' }),
    no('usage_limit'),
  ],
  [
    '11: a timeout in a stream',
    new ReportedError({ type: 'timeout_error', message: 'Took too long' }),
    yes('timeout'),
  ],
  [
    '15: a refused request in a stream',
    new ReportedError({ type: 'invalid_request_error', code: null, message: 'Bad' }),
    no('generic'),
  ],
  ['9: a wrong model wrapped in 429', http(429, 'invalid model'), no('config')],
  ['10: a disabled provider', http(503, 'The provider is disabled'), no('provider_disabled')],
  ['11: 408', http(408, ''), yes('timeout')],
  ['11: 522 of a network before the provider', http(522, ''), yes('timeout')],
  [
    '12: a path or model that is not there',
    http(404, 'model: claude-9', { type: 'not_found_error' }),
    no('config'),
  ],
  ['12: a body that is too large', http(413, 'Payload Too Large'), no('config')],
  ['11: 502', http(502, 'Bad gateway'), yes('timeout')],
  ['11: 503', http(503, ''), yes('timeout')],
  ['11: 504', http(504, ''), yes('timeout')],
  ['11: connection reset', coded('ECONNRESET', 'read ECONNRESET'), yes('timeout')],
  [
    '11: connection reset inside an SDK error',
    new APIConnectionError({ cause: coded('ECONNRESET') }),
    yes('timeout'),
  ],
  ['11: an SDK time limit', new APIConnectionTimeoutError(), yes('timeout')],
  ['11: EOF', new Error('unexpected EOF'), yes('timeout')],
  ['11: GOAWAY', new Error('http2: server sent GOAWAY and closed the connection'), yes('timeout')],
  ['11: a model error wrapped in 503', http(503, 'The model `gpt-9` does not exist'), no('config')],
  [
    '11: a stream reset by the peer',
    new Error('stream error: stream ID 5; INTERNAL_ERROR; received from peer'),
    yes('timeout'),
  ],
  [
    '11: a stream reset for our fault',
    new Error('stream error: stream ID 5; PROTOCOL_ERROR; received from peer'),
    no('generic'),
  ],
  ['11: a cancellation nobody here asked for', new APIUserAbortError(), yes('timeout')],
  [
    '12: unknown model',
    http(404, 'The model `gpt-9` does not exist', { code: 'model_not_found' }),
    no('config'),
  ],
  ['12: too long', http(400, "This model's maximum context length is 8192 tokens"), no('config')],
  [
    '12: too long for Anthropic',
    http(400, 'prompt is too long: 210000 tokens > 200000 maximum'),
    no('config'),
  ],
  ['13: 500', http(500, 'oops'), yes('generic')],
  [
    '13: a server error in a stream',
    new ReportedError({ code: 'server_error', message: 'Sorry' }),
    yes('generic'),
  ],
  ['15: the rest', http(400, 'messages: at least one message is required'), no('generic')],
  ['15: something that is no error', 'odd', no('generic')],
  ['the status as a field', http(418, 'teapot'), { statusCode: 418 }],
  [
    'the status out of a text',
    new Error('upstream responded with 503'),
    { ...yes('timeout'), statusCode: 503 },
  ],
  ['Retry-After in seconds', http(429, '', { headers: { 'retry-after': '7' } }), { retryAfterMs: 7_000 }],
  [
    'retry-after-ms',
    http(429, '', { headers: { 'retry-after-ms': '1500', 'retry-after': '9' } }),
    { retryAfterMs: 1_500 },
  ],
  [
    'detail without wrappers',
    new Error('litellm.RateLimitError: OpenAIException - please wait'),
    { detail: 'please wait' },
  ],
  [
    'detail of a gateway that quotes its provider',
    http(502, 'Provider returned error', {
      metadata: { raw: '{"error":{"message":"The GPU is on fire"}}' },
    } as object),
    { detail: 'The GPU is on fire' },
  ],
  [
    'detail of the Anthropic SDK',
    AnthropicError.generate(
      400,
      { type: 'error', error: { type: 'x', message: 'bad block' } },
      undefined,
      new Headers(),
    ),
    { detail: 'bad block' },
  ],
];

it.each(RULES)('%s', (_rule, error, expected) => {
  expect(classifyModelError(error, { provider })).toMatchObject(expected);
});

describe('the caller', () => {
  it('who aborted gets "cancelled" and no retry, whatever the provider made of it', () => {
    const signal = AbortSignal.abort();
    for (const error of [
      new APIUserAbortError(),
      coded('ECONNRESET'),
      new StreamEndedError(),
      http(503, 'gone'),
    ]) {
      const classified = classifyModelError(error, { provider, signal });
      expect(classified).toMatchObject({ kind: 'generic', retryable: false });
      expect(classified.message).toMatch(/cancelled/);
    }
  });

  it('whose deadline passed gets a timeout without retry', () => {
    const signal = AbortSignal.abort(new DOMException('time is up', 'TimeoutError'));
    expect(classifyModelError(new APIUserAbortError(), { provider, signal })).toMatchObject(no('timeout'));
  });
});

it('cuts the detail to 500 characters and leaves the status out of the message', () => {
  const error = classifyModelError(http(503, 'x'.repeat(70_000)), { provider });
  expect(error.detail).toHaveLength(MAX_DETAIL_LENGTH);
  expect(error.message).not.toMatch(/503/);
  expect(error.toChatError()).toEqual({
    message: error.message,
    kind: 'timeout',
    provider,
    retryable: true,
    detail: 'x'.repeat(MAX_DETAIL_LENGTH),
    status_code: 503,
  });
});

it.each<[string, number | undefined]>([
  ['503 Service Unavailable', 503],
  ['request failed with status code 429', 429],
  ['HTTP/1.1 502', 502],
  ['status: 500, try again', 500],
  ['dial tcp 10.0.0.1:503: refused', undefined],
  ['stream ID 503; CANCEL', undefined],
  ['took 500 ms', undefined],
  ['500 ms passed', undefined],
  ['port 429 is closed', undefined],
])('reads the status of "%s" as %s', (text, status) => {
  expect(statusInText(text)).toBe(status);
});
