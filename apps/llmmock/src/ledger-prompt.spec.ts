import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { formatControlBlock } from './control-block';
import { keptKeys } from './ledger';
import type { LedgerEntryJson } from './ledger-json';
import { LlmMock } from './llm-mock';

const said = (key: string): string => `${formatControlBlock({ seed: 'before', key, reply: 'Yes.' })} Go on.`;
const CALL = { token: '1' };

describe('what the ledger knows of a prompt', () => {
  let mock: LlmMock;
  let url: string;
  beforeEach(async () => {
    mock = new LlmMock();
    ({ url } = await mock.start());
  });
  afterEach(() => mock.stop());

  async function only(): Promise<LedgerEntryJson | undefined> {
    const page = (await (await fetch(`${url}/ledger`)).json()) as { entries: LedgerEntryJson[] };
    expect(page.entries).toHaveLength(1);
    return page.entries[0];
  }

  /** Two questions, an answer of four characters between them, and a call with its result after the second. */
  const EXPECTED = { user_keys: ['a', 'b"\\'], user_key_count: 2, answer_characters: 4, tool_results: 1 };

  test('Chat Completions', async () => {
    const client = new OpenAI({ apiKey: 'x', baseURL: `${url}/v1`, maxRetries: 0 });
    await client.chat.completions.create({
      model: 'm',
      messages: [
        { role: 'system', content: said('system') },
        { role: 'user', content: said('a') },
        { role: 'assistant', content: 'Yes.' },
        { role: 'user', content: said('b"\\') },
        {
          role: 'assistant',
          tool_calls: [
            { id: 'c', type: 'function', function: { name: 'f', arguments: JSON.stringify(CALL) } },
          ],
        },
        { role: 'tool', tool_call_id: 'c', content: said('result') },
      ],
    });
    expect(await only()).toMatchObject(EXPECTED);
  });

  test('Responses', async () => {
    const client = new OpenAI({ apiKey: 'x', baseURL: `${url}/v1`, maxRetries: 0 });
    await client.responses.create({
      model: 'm',
      input: [
        { role: 'user', content: said('a') },
        { role: 'assistant', content: 'Yes.' },
        { role: 'user', content: said('b"\\') },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: JSON.stringify(CALL) },
        { type: 'function_call_output', call_id: 'c', output: said('result') },
      ],
    });
    expect(await only()).toMatchObject(EXPECTED);
  });

  test('Anthropic', async () => {
    const client = new Anthropic({ apiKey: 'x', baseURL: url, maxRetries: 0 });
    await client.messages.create({
      model: 'm',
      max_tokens: 100,
      messages: [
        { role: 'user', content: said('a') },
        { role: 'assistant', content: 'Yes.' },
        { role: 'user', content: said('b"\\') },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'f', input: CALL }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c', content: said('result') }] },
      ],
    });
    expect(await only()).toMatchObject(EXPECTED);
  });

  test('of a long conversation the newest keys are kept, and all are counted', async () => {
    const keys = Array.from({ length: 300 }, (_, index) => `conversation/${index}`);
    const client = new OpenAI({ apiKey: 'x', baseURL: `${url}/v1`, maxRetries: 0 });
    await client.chat.completions.create({
      model: 'm',
      messages: keys.map((key) => ({ role: 'user', content: said(key) })),
    });
    const entry = await only();
    expect(entry?.user_key_count).toBe(300);
    expect(entry?.user_keys).toEqual(keptKeys(keys));
    expect(entry?.user_keys.length).toBeGreaterThan(50);
    expect(entry?.user_keys.join('').length).toBeLessThanOrEqual(1_000);
    expect(entry?.user_keys.at(-1)).toBe('conversation/299');
  });
});
