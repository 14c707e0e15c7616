import type { ControlInput } from '@parley/llmmock';
import { eventually, FakeClock } from '@parley/testing';
import type { ModelConnection } from './adapters/model-connection';
import type { ModelError } from './errors';
import type { ModelStreamPart } from './model-client';
import { asking, CASES, client, collect, failureOf, idle, ledger, useMock } from './testing/mock-clients';

useMock();

describe.each(CASES)('%s', (_name, connection) => {
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
    [
      'a reply that is no stream',
      { kind: 'not_a_stream' },
      {
        kind: 'generic',
        retryable: false,
        detail: 'The reply is not an event stream but application/json',
      },
    ],
  ])('classifies %s', async (_fault, fault, expected) => {
    const error = await failureOf(client(connection()).stream(asking({ fault, chunk_count: 6 }), idle()));
    expect(error).toMatchObject(expected);
    expect(error.provider).toBe(connection().type);
  });

  it('says what came before an error, also in one piece with it', async () => {
    const fault = { kind: 'stream_error', after_chunks: 2, message: 'Overloaded' } as const;
    const seen: ModelStreamPart[] = [];
    const reading = async (): Promise<void> => {
      const request = asking({ fault, reply: 'abcdef', chunk_count: 6 });
      for await (const part of client(connection()).stream(request, idle())) seen.push(part);
    };
    await expect(reading()).rejects.toMatchObject({ kind: 'overloaded' });
    expect(seen.map((part) => (part.type === 'text-delta' ? part.text : '')).join('')).toBe('ab');
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

  it.each([
    ['filtered', 'content_filter', ''],
    ['refused', 'refusal', ' '],
  ] as const)(
    'calls an answer that was %s before it said anything an error',
    async (_what, reason, reply) => {
      const control: ControlInput = { reply, finish_reason: reason };
      const error = await failureOf(client(connection()).stream(asking(control), idle()));
      expect(error).toMatchObject({ kind: 'content_filter', retryable: false });
    },
  );

  it('keeps the words of a refusal', async () => {
    const control: ControlInput = { reply: 'I will not.', finish_reason: 'refusal' };
    const parts = await collect(client(connection()).stream(asking(control), idle()));
    expect(parts.flatMap((part) => (part.type === 'text-delta' ? [part.text] : [])).join('')).toBe(
      'I will not.',
    );
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'content-filter' });
  });

  it('closes the socket at once when aborted in the middle of a stream', async () => {
    /** How long the socket stayed open. */
    const abort = async (key: string): Promise<number> => {
      const controller = new AbortController();
      const control: ControlInput = { key, fault: { kind: 'never_ending' }, chunk_ms: 5 };
      let abortedAt = 0;
      const error = await failureOf(
        (async function* () {
          for await (const part of client(connection()).stream(asking(control), controller.signal)) {
            yield part;
            if (part.type === 'text-delta' && abortedAt === 0) {
              abortedAt = Date.now();
              controller.abort();
            }
          }
        })(),
      );
      expect(error).toMatchObject({ kind: 'generic', retryable: false });
      const closedAt = await eventually(async () => (await ledger(key))[0]?.closed_by_client_at ?? false);
      return closedAt - abortedAt;
    };
    // The quickest of some, since a machine may stand still for a moment.
    let quickestMs = Infinity;
    for (let attempt = 1; attempt <= 10 && quickestMs >= 250; attempt += 1)
      quickestMs = Math.min(quickestMs, await abort(`abort-${connection().type}-${attempt}`));
    expect(quickestMs).toBeLessThan(250);
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
