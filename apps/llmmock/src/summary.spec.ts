import { formatControlBlock } from './control-block';
import type { ControlInput } from './control';
import type { LedgerEntryJson } from './ledger-json';
import { LlmMock } from './llm-mock';

const mock = new LlmMock();
let url = '';
beforeAll(async () => {
  ({ url } = await mock.start());
});
afterAll(() => mock.stop());

type Message = { role: 'user' | 'assistant'; content: string };

async function ask(path: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json', authorization: 'Bearer k', 'x-api-key': 'k' };
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { ...headers, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({ model: 'm', ...body }),
  });
  return response.json();
}

const question = (control: ControlInput): Message => ({
  role: 'user',
  content: `hello ${formatControlBlock(control)}`,
});
const request: Message = { role: 'user', content: 'Summarise this conversation so that the work can go on.' };
const answer: Message = { role: 'assistant', content: 'fine' };

describe('a request to summarise the conversation', () => {
  const control: ControlInput = {
    key: 'q',
    reply: 'to the question',
    summary: { key: 's', reply: 'in short' },
  };

  test.each<[string, string, object]>([
    ['Chat Completions', '/v1/chat/completions', { messages: [question(control), answer, request] }],
    ['Responses', '/v1/responses', { input: [question(control), answer, request] }],
    ['Messages', '/v1/messages', { max_tokens: 99, messages: [question(control), answer, request] }],
    [
      'Messages, joined with a question',
      '/v1/messages',
      {
        max_tokens: 99,
        messages: [{ role: 'user', content: `${question(control).content}\n${request.content}` }],
      },
    ],
  ])('is answered by the summary of the latest block: %s', async (_name, path, body) => {
    const reply = JSON.stringify(await ask(path, body));
    expect(reply).toContain('in short');
    expect(reply).not.toContain('to the question');
  });

  test('without such a block gets a fixed sentence, and none of what the block says of the answer', async () => {
    const messages = [question({ reply: 'to the question' }), answer, request];
    const reply = JSON.stringify(await ask('/v1/chat/completions', { messages }));
    expect(reply).toContain('The user and the mock model talked.');
  });

  test('is told apart in the ledger, under the key of its own', async () => {
    const { entries } = (await (await fetch(`${url}/ledger?key=s`)).json()) as { entries: LedgerEntryJson[] };
    expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries) expect(entry.purpose).toBe('summary');
  });

  test('needs a key of its own where attempts are counted', async () => {
    const fault = { kind: 'reset', first_attempts: 1 } as const;
    const messages = [question({ key: 'q', summary: { fault } }), answer, request];
    expect(JSON.stringify(await ask('/v1/chat/completions', { messages }))).toContain('key: needed');
  });
});
