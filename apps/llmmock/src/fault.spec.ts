import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { ControlInput } from './control';
import { formatControlBlock } from './control-block';
import { LlmMock } from './llm-mock';

/** The raw body of a streamed Chat Completions reply; an abrupt end is part of the result. */
interface RawReply {
  status: number;
  headers: Headers;
  text: string;
  wasCut: boolean;
}

describe('faults', () => {
  const mock = new LlmMock();
  let url: string;
  beforeAll(async () => ({ url } = await mock.start()));
  afterAll(() => mock.stop());

  const body = (control: ControlInput, stream = true): string =>
    JSON.stringify({
      model: 'm',
      messages: [{ role: 'user', content: `Hi ${formatControlBlock(control)}` }],
      stream,
    });

  async function post(
    control: ControlInput,
    { stream = true, signal }: { stream?: boolean; signal?: AbortSignal } = {},
  ): Promise<RawReply> {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer x', 'content-type': 'application/json' },
      body: body(control, stream),
      ...(signal && { signal }),
    });
    const reply: RawReply = { status: response.status, headers: response.headers, text: '', wasCut: false };
    if (response.body === null) return reply;
    const decoder = new TextDecoder();
    try {
      for await (const part of response.body as unknown as AsyncIterable<Uint8Array>)
        reply.text += decoder.decode(part, { stream: true });
    } catch {
      reply.wasCut = true;
    }
    return reply;
  }
  const deltas = (text: string): number => text.split('"delta":{"content":').length - 1;

  test('429 carries the waiting time in both headers, and a retry after the first attempts succeeds', async () => {
    const control: ControlInput = {
      key: 'retry-me',
      reply: 'Here.',
      fault: { kind: 'status', status: 429, message: 'Slow down', retry_after_ms: 5, first_attempts: 2 },
    };
    const first = await post(control);
    expect(first.status).toBe(429);
    expect(first.headers.get('retry-after')).toBe('1');
    expect(first.headers.get('retry-after-ms')).toBe('5');
    expect(JSON.parse(first.text)).toEqual({
      error: { message: 'Slow down', type: 'rate_limit_error', param: null, code: 'rate_limit_exceeded' },
    });
    const client = new OpenAI({ apiKey: 'x', baseURL: `${url}/v1`, maxRetries: 1 });
    const completion = await client.chat.completions.create({
      model: 'm',
      messages: [{ role: 'user', content: formatControlBlock(control) }],
    });
    expect(completion.choices[0]?.message.content).toBe('Here.');
  });

  test('529 and 503 have the error types of the Anthropic API', async () => {
    const client = new Anthropic({ apiKey: 'x', baseURL: url, maxRetries: 0 });
    for (const [status, type] of [
      [529, 'overloaded_error'],
      [503, 'api_error'],
      [429, 'rate_limit_error'],
    ] as const) {
      const content = formatControlBlock({ fault: { kind: 'status', status } });
      const request = client.messages.create({
        model: 'm',
        max_tokens: 9,
        messages: [{ role: 'user', content }],
      });
      await expect(request).rejects.toMatchObject({ status, type });
    }
  });

  test('a fault for one step of the turn leaves the others alone', async () => {
    const reply = await post({ fault: { kind: 'status', status: 500, at_step: 1 } });
    expect(reply.status).toBe(200);
  });

  test('a reset cuts the connection after the given chunks', async () => {
    const reply = await post({ chunk_count: 10, fault: { kind: 'reset', after_chunks: 3 } });
    expect(reply).toMatchObject({ status: 200, wasCut: true });
    expect(deltas(reply.text)).toBe(3);
    await expect(post({ fault: { kind: 'reset' } })).rejects.toThrow('fetch failed');
  });

  test('a body that ends early ends in good order, without the finish event', async () => {
    const reply = await post({ chunk_count: 10, fault: { kind: 'end_early', after_chunks: 4 } });
    expect(reply.wasCut).toBe(false);
    expect(deltas(reply.text)).toBe(4);
    expect(reply.text).not.toContain('"finish_reason":"stop"');
    expect(reply.text).not.toContain('[DONE]');
  });

  test('a malformed event comes between good ones, and the SDKs throw on it', async () => {
    const reply = await post({ chunk_count: 5, fault: { kind: 'malformed', after_chunks: 2 } });
    expect(deltas(reply.text)).toBe(5);
    expect(reply.text).toContain('[DONE]');
    const client = new Anthropic({ apiKey: 'x', baseURL: url, maxRetries: 0, logLevel: 'off' });
    const content = formatControlBlock({ fault: { kind: 'malformed', after_chunks: 2 } });
    await expect(
      client.messages
        .stream({ model: 'm', max_tokens: 999, messages: [{ role: 'user', content }] })
        .finalMessage(),
    ).rejects.toThrow('JSON');
  });

  test('a stall sends what came before it and then nothing, until the client leaves', async () => {
    const aborter = new AbortController();
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer x' },
      body: body({ key: 'stalled', chunk_count: 10, fault: { kind: 'stall', after_chunks: 2 } }),
      signal: aborter.signal,
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const { value } = await reader.read();
    expect(deltas(Buffer.from(value ?? []).toString())).toBe(2);
    const next = reader.read().then(
      () => 'sent more',
      () => 'aborted',
    );
    aborter.abort();
    expect(await next).toBe('aborted');
  });

  test('a stall for a while goes on afterwards, and its time is in the schedule', async () => {
    const reply = await post({
      key: 'paused',
      chunk_count: 4,
      fault: { kind: 'stall', after_chunks: 2, for_ms: 30 },
    });
    expect(deltas(reply.text)).toBe(4);
    expect(reply.text).toContain('[DONE]');
    const page = (await (await fetch(`${url}/ledger?key=paused`)).json()) as {
      entries: { schedule_ms: number; duration_ms: number }[];
    };
    expect(page.entries[0]?.schedule_ms).toBe(30);
    expect(page.entries[0]?.duration_ms).toBeGreaterThanOrEqual(30);
  });

  test('a never-ending stream goes on past the reply', async () => {
    const aborter = new AbortController();
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer x' },
      body: body({ reply: 'ab', fault: { kind: 'never_ending' } }),
      signal: aborter.signal,
    });
    let text = '';
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(part).toString();
      if (deltas(text) >= 6) break;
    }
    aborter.abort();
    expect(text).not.toContain('[DONE]');
    expect(text).toContain('" and on"');
  });

  test('a stream may be answered with plain JSON', async () => {
    const reply = await post({ reply: 'Plain.', fault: { kind: 'not_a_stream' } });
    expect(reply.headers.get('content-type')).toBe('application/json');
    expect(JSON.parse(reply.text)).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'Plain.' } }],
    });
  });

  test('replies that are not streamed suffer too', async () => {
    const cut = await post({ fault: { kind: 'end_early' } }, { stream: false });
    expect(() => JSON.parse(cut.text) as unknown).toThrow();
    const failed = await post({ fault: { kind: 'stream_error', message: 'broken' } }, { stream: false });
    expect(failed.status).toBe(500);
    await expect(post({ fault: { kind: 'reset' } }, { stream: false })).rejects.toThrow('fetch failed');
  });

  test('attempts are counted by key, so the block must have one', async () => {
    const reply = await post({ fault: { kind: 'status', status: 500, first_attempts: 1 } });
    expect(reply.status).toBe(400);
    expect(reply.text).toContain('key: needed with fault.first_attempts');
  });
});
