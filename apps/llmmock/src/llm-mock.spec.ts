import OpenAI from 'openai';
import Anthropic from '@anthropic-ai/sdk';
import { eventually } from '@parley/testing';
import type { ControlInput } from './control';
import { formatControlBlock } from './control-block';
import type { LedgerEntryJson } from './ledger-json';
import { LlmMock, type LlmMockOptions } from './llm-mock';

async function withMock(options: LlmMockOptions, use: (url: string) => Promise<void>): Promise<void> {
  const mock = new LlmMock();
  const { url } = await mock.start(options);
  try {
    await use(url);
  } finally {
    await mock.stop();
  }
}

const JSON_HEADERS = { authorization: 'Bearer x', 'content-type': 'application/json' };

function post(url: string, control: ControlInput, init: RequestInit = {}): Promise<Response> {
  const messages = [{ role: 'user', content: `Hi ${formatControlBlock(control)}` }];
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: JSON_HEADERS,
    body: JSON.stringify({ model: 'm', messages, stream: true }),
    ...init,
  });
}

async function ledger(url: string, query = ''): Promise<LedgerEntryJson[]> {
  const page = (await (await fetch(`${url}/ledger${query}`)).json()) as { entries: LedgerEntryJson[] };
  return page.entries;
}

describe('the ledger', () => {
  test('says what was asked, what was served, and when', () =>
    withMock({ nowMs: () => 1_700_000_000_000 }, async (url) => {
      await (await post(url, { key: 'chat-7', reply: 'Hello.', chunk_count: 3 })).text();
      const [entry] = await ledger(url);
      expect(entry).toMatchObject({
        id: 1,
        api: 'chat-completions',
        model: 'm',
        key: 'chat-7',
        step: 0,
        purpose: 'chat',
        prompt_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as unknown,
        message_count: 1,
        streamed: true,
        status: 200,
        fault: null,
        chunks_planned: 3,
        chunks_sent: 3,
        received_at: 1_700_000_000_000,
        first_byte_at: 1_700_000_000_000,
        ended_at: 1_700_000_000_000,
        closed_by_client_at: null,
        schedule_ms: 0,
        usage: { output_tokens: 2 },
      });
      expect(entry?.bytes_sent).toBeGreaterThan(500);
    }));

  test('pages by id, filters by key, and can be cleared', () =>
    withMock({}, async (url) => {
      for (const key of ['a', 'b', 'a']) await (await post(url, { key })).text();
      expect((await ledger(url, '?key=a')).map((entry) => entry.id)).toEqual([1, 3]);
      expect((await ledger(url, '?after=1&limit=1')).map((entry) => entry.id)).toEqual([2]);
      expect((await fetch(`${url}/ledger?limit=x`)).status).toBe(400);
      await fetch(`${url}/ledger`, { method: 'DELETE' });
      expect(await ledger(url)).toEqual([]);
      await (await post(url, {})).text();
      expect((await ledger(url))[0]?.id).toBe(4);
    }));

  test('forgets the oldest when full, and the totals keep counting', () =>
    withMock({ ledgerMaxEntries: 2 }, async (url) => {
      for (let index = 0; index < 4; index += 1)
        await (await post(url, { usage: { input_tokens: 10, output_tokens: 5 } })).text();
      await (await post(url, { fault: { kind: 'status', status: 503 } })).text();
      expect((await ledger(url)).map((entry) => entry.id)).toEqual([4, 5]);
      const summary: unknown = await eventually(async () => {
        const body = (await (await fetch(`${url}/ledger/summary`)).json()) as { requests: number };
        expect(body.requests).toBe(5);
        return body;
      });
      expect(summary).toMatchObject({
        requests: 5,
        entries: 2,
        dropped: 3,
        by_status: { 200: 4, 503: 1 },
        by_fault: { status: 1 },
        usage_by_model: { m: { requests: 4, input_tokens: 40, output_tokens: 20 } },
      });
    }));

  test('notices at once that the client left, in the middle of a stream', () =>
    withMock({}, async (url) => {
      const aborter = new AbortController();
      const response = await post(
        url,
        { key: 'left', chunk_count: 100, chunk_size: 5, chunk_ms: 50 },
        { signal: aborter.signal },
      );
      await (response.body as ReadableStream).getReader().read();
      aborter.abort();
      const entry = await eventually(async () => {
        const [found] = await ledger(url, '?key=left');
        expect(found?.closed_by_client_at).not.toBeNull();
        return found;
      });
      expect(entry?.chunks_sent).toBeLessThan(20);
      expect(await (await fetch(`${url}/metrics`)).text()).toContain('llmmock_active_requests 0');
    }));

  test('a title request is marked, and has the key but not the fault of the message it quotes', () =>
    withMock({}, async (url) => {
      const client = new OpenAI({ apiKey: 'x', baseURL: `${url}/v1`, maxRetries: 0 });
      const schema = {
        type: 'object',
        properties: { title: { type: 'string' } },
        required: ['title'],
        additionalProperties: false,
      };
      const block = formatControlBlock({ key: 'k', fault: { kind: 'status', status: 500 } });
      const content = `<message>\nPlan a garden ${block}\n</message>`;
      const reply = await client.chat.completions.create({
        model: 'm',
        messages: [{ role: 'user', content }],
        response_format: { type: 'json_schema', json_schema: { name: 't', strict: true, schema } },
      });
      expect((await ledger(url, '?key=k'))[0]).toMatchObject({ purpose: 'structured', status: 200 });
      expect(reply.choices[0]?.message.content).toBe('{"title":"Plan a garden"}');
    }));
});

describe('the mock as a server', () => {
  test('answers unasked with something pleasant in about twenty chunks, the same each time', () =>
    withMock({}, async (url) => {
      const client = new OpenAI({ apiKey: 'x', baseURL: `${url}/v1` });
      const create = (): Promise<string> =>
        client.responses.create({ model: 'm', input: 'What is a heron?' }).then((reply) => reply.output_text);
      const text = await create();
      expect(text).toContain('You wrote: “What is a heron?”');
      expect(text).toContain('mock');
      expect(await create()).toBe(text);
      expect((await ledger(url))[0]?.chunks_planned).toBe(20);
    }));

  test('knobs: the process sets defaults, the prompt replaces them, the header replaces both', () =>
    withMock({ defaults: { reply: 'from the process', finish_reason: 'length' } }, async (url) => {
      const headers = (control: ControlInput): RequestInit => ({
        headers: { ...JSON_HEADERS, 'x-llmmock-control': JSON.stringify(control) },
      });
      const read = async (response: Response): Promise<string> =>
        (await response.text()).replaceAll(/data: |\n/g, '');
      expect(await read(await post(url, { chunk_count: 1 }))).toContain('"from the process"');
      const fromPrompt = await read(await post(url, { reply: 'from the prompt', chunk_count: 1 }));
      expect(fromPrompt).toContain('"from the prompt"');
      expect(fromPrompt).toContain('"finish_reason":"length"');
      expect(
        await read(await post(url, { reply: 'p', chunk_count: 1 }, headers({ reply: 'from the header' }))),
      ).toContain('"from the header"');
      const bad = await post(url, {}, headers({ chunk_ms: { fixed: -1 } }));
      expect(bad.status).toBe(400);
      expect(await bad.text()).toContain('header x-llmmock-control');
    }));

  test('defaults that do not validate stop the start and name the field', async () => {
    await expect(new LlmMock().start({ defaults: { chunk_count: 0 } })).rejects.toThrow('chunk_count');
  });

  test('each API refuses missing keys, wrong methods, broken JSON and large bodies in its own shape', () =>
    withMock({ maxBodyBytes: 2000, apiKey: 'right' }, async (url) => {
      const anthropic = { 'x-api-key': 'right', 'anthropic-version': '2023-06-01' };
      const openAi = { authorization: 'Bearer right' };
      const call = async (path: string, init: RequestInit): Promise<[number, unknown]> => {
        const response = await fetch(url + path, { method: 'POST', body: '{}', ...init });
        const body = (await response.json()) as { type?: string; error: { type: string } };
        return [
          response.status,
          body.type === 'error' ? `anthropic ${body.error.type}` : `openai ${body.error.type}`,
        ];
      };
      const large = JSON.stringify({ model: 'x'.repeat(3000) });
      expect(await call('/v1/responses', {})).toEqual([401, 'openai invalid_request_error']);
      expect(await call('/v1/responses', { headers: { authorization: 'Bearer wrong' } })).toEqual([
        401,
        'openai invalid_request_error',
      ]);
      expect(await call('/v1/messages', {})).toEqual([401, 'anthropic authentication_error']);
      expect(await call('/v1/messages', { headers: { 'x-api-key': 'right' } })).toEqual([
        400,
        'anthropic invalid_request_error',
      ]);
      expect(await call('/v1/messages', { method: 'PUT' })).toEqual([405, 'anthropic invalid_request_error']);
      expect(await call('/v1/chat/completions', { method: 'DELETE' })).toEqual([
        405,
        'openai invalid_request_error',
      ]);
      expect(await call('/v1/chat/completions', { headers: openAi, body: '{"model":' })).toEqual([
        400,
        'openai invalid_request_error',
      ]);
      expect(await call('/v1/messages', { headers: anthropic, body: '[]' })).toEqual([
        400,
        'anthropic invalid_request_error',
      ]);
      expect(await call('/v1/messages', { headers: anthropic, body: large })).toEqual([
        413,
        'anthropic request_too_large',
      ]);
      expect(await call('/v1/responses', { headers: openAi, body: large })).toEqual([
        413,
        'openai invalid_request_error',
      ]);
      expect(await call('/v1/nothing', { headers: openAi })).toEqual([404, 'openai invalid_request_error']);
    }));

  test('lists its models to both SDKs', () =>
    withMock({ models: ['one', 'two'] }, async (url) => {
      const openAi = new OpenAI({ apiKey: 'x', baseURL: `${url}/v1` });
      const anthropic = new Anthropic({ apiKey: 'x', baseURL: url });
      expect((await openAi.models.list()).data.map((model) => model.id)).toEqual(['one', 'two']);
      expect((await anthropic.models.list()).data.map((model) => model.id)).toEqual(['one', 'two']);
      await expect(openAi.models.retrieve('three')).rejects.toMatchObject({
        status: 404,
        code: 'model_not_found',
      });
    }));

  test('is healthy, and tells its metrics', () =>
    withMock({}, async (url) => {
      expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: 'ok' });
      await (await post(url, { chunk_count: 7 })).text();
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).toContain('llmmock_requests_total{api="chat-completions",status="200"} 1');
      expect(metrics).toContain('llmmock_chunks_total 7');
    }));

  test('a stop cuts running streams, frees the port, and the same mock starts again on it', async () => {
    const mock = new LlmMock();
    const { url, port } = await mock.start();
    const response = await post(url, { fault: { kind: 'stall', after_chunks: 1 } });
    const rest = response.text().then(
      () => 'whole',
      () => 'cut',
    );
    await mock.stop();
    expect(await rest).toBe('cut');
    expect((await mock.start({ port })).port).toBe(port);
    await mock.stop();
  });
});
