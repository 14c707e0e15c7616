import { send } from '@parley/chat-state';
import { sql } from '@parley/database';
import { MAX_ATTEMPTS } from '@parley/llm';
import { eventually, FakeClock } from '@parley/testing';
import { ask, Harness, textOf, type TestWorker } from './testing/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

async function follow(chatId: string, text: string): Promise<void> {
  const sent = await send(harness.store, {
    chatId,
    ownerId: harness.ownerId,
    content: [{ type: 'text', text }],
    busyBehavior: 'queue',
  });
  expect(sent.ok).toBe(true);
}

const setAttempts = sql('test_set_attempts', 'update chats set generation_attempt = $2 where id = $1');

const statementsOf = ({ database }: TestWorker): Record<string, number> =>
  Object.fromEntries(database.statementCounts());

describe('a turn', () => {
  it('ends with the answer committed as it was streamed, with its usage, model and runtime', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat({ reply: 'Hello there, friend.', chunk_count: 5 });
    await harness.until(chatId, 'waiting');
    const [question, answer] = await harness.messages(chatId);
    expect(question?.role).toBe('user');
    expect(answer).toMatchObject({ role: 'assistant', model_config_id: harness.modelConfigId });
    expect(answer && textOf(answer)).toBe('Hello there, friend.');
    expect(answer?.usage?.output_tokens).toBeGreaterThan(0);
    expect(answer?.usage?.context_limit).toBe(100_000);
    const batches = harness.parts.filter((batch) => batch.chat_id === chatId);
    const streamed = batches.flatMap((batch) => batch.parts);
    expect(streamed.map(({ part }) => (part.type === 'text' ? part.text : '')).join('')).toBe(
      'Hello there, friend.',
    );
    let next = 1;
    for (const batch of batches) {
      expect(batch.first_seq).toBe(next);
      next += batch.parts.length;
    }
  });

  it('that follows another on an owned chat costs the worker one statement', async () => {
    const worker = await harness.startWorker({ settings: { sweepMs: 60_000 } });
    const chatId = await harness.createChat({ reply: 'one' });
    await harness.until(chatId, 'waiting');
    const before = statementsOf(worker);
    await follow(chatId, ask({ reply: 'two' }));
    await eventually(async () => expect((await harness.texts(chatId)).at(-1)).toEqual(['assistant', 'two']));
    const after = statementsOf(worker);
    const sent = Object.entries(after).filter(
      ([name, count]) => count !== before[name] && name !== 'renew_lease',
    );
    expect(sent).toEqual([['finish_turn', (before['finish_turn'] ?? 0) + 1]]);
    expect((await harness.texts(chatId)).map(([role]) => role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
    ]);
  });

  it('sees the whole history, also what was sent while it was owned', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat({ reply: 'first answer' });
    await harness.until(chatId, 'waiting');
    await follow(chatId, `second question ${ask({ reply: 'second answer', key: 'second' })}`);
    await eventually(async () => expect(await harness.texts(chatId)).toHaveLength(4));
    const request = (await harness.ledger()).find((entry) => entry.key === 'second');
    expect(request?.message_count).toBe(3);
    expect((await harness.head(chatId)).status).toBe('waiting');
  });

  it('runs a message that was sent during it after it', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat({ reply: 'slow answer', chunk_count: 5, chunk_ms: 40 });
    await harness.partsOf(chatId, 1);
    await follow(chatId, ask({ reply: 'queued answer' }));
    await eventually(async () => expect(await harness.texts(chatId)).toHaveLength(4), { timeoutMs: 10_000 });
    const texts = await harness.texts(chatId);
    expect(texts.filter(([role]) => role === 'assistant').map(([, text]) => text)).toEqual([
      'slow answer',
      'queued answer',
    ]);
    await harness.until(chatId, 'waiting');
  });

  it('whose model fails at first is tried again, and counts the attempts', async () => {
    const clock = new FakeClock();
    await harness.startWorker({ clock, monotonicNow: () => clock.now() });
    const chatId = await harness.createChat({
      reply: 'at last',
      key: 'retry-1',
      fault: { kind: 'status', status: 529, first_attempts: 1 },
    });
    await clock.waitForSleeper('retry');
    const retrying = await harness.head(chatId);
    expect(retrying).toMatchObject({
      status: 'running',
      generationAttempt: 1,
      retry: { attempt: 1, kind: 'overloaded' },
    });
    await clock.advance(retrying.retry?.delay_ms ?? 0);
    await harness.until(chatId, 'waiting');
    expect((await harness.texts(chatId)).at(-1)).toEqual(['assistant', 'at last']);
    const episodes = new Set(harness.parts.map((batch) => batch.generation_attempt));
    expect([...episodes]).toEqual([1]);
  });

  it('whose model fails for good ends in a classified error, and the next message works', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat({ reply: 'never', fault: { kind: 'status', status: 401 } });
    const failed = await harness.until(chatId, 'error');
    expect(failed.lastError).toMatchObject({ kind: 'auth', retryable: false, provider: 'openai-compat' });
    await follow(chatId, ask({ reply: 'works again' }));
    await harness.until(chatId, 'waiting');
    expect((await harness.texts(chatId)).at(-1)).toEqual(['assistant', 'works again']);
  });

  it('that fails, for now and for good, is named in the log', async () => {
    const told: object[] = [];
    const note = (fields: object, message: string): void => void told.push({ ...fields, message });
    await harness.startWorker({ logger: { info: note, warn: note, error: note } });
    const chatId = await harness.createChat({
      key: 'named',
      fault: { kind: 'status', status: 529, first_attempts: 1 },
      reply: 'one',
    });
    await harness.until(chatId, 'waiting');
    const { historyVersion } = await harness.head(chatId);
    await follow(chatId, ask({ reply: 'never', fault: { kind: 'status', status: 401 } }));
    await harness.until(chatId, 'error');
    expect(told.filter((line) => 'chat_id' in line)).toMatchObject([
      { message: 'The model failed and is asked again', chat_id: chatId, turn: 1 },
      { message: 'A task failed', chat_id: chatId, turn: historyVersion + 1 },
    ]);
  });

  it('that used up its attempts ends in the error of the last one', async () => {
    const chatId = await harness.createChat({ fault: { kind: 'status', status: 503 } });
    await harness.store.database.query(setAttempts, [chatId, MAX_ATTEMPTS - 1]);
    await harness.startWorker();
    const failed = await harness.until(chatId, 'error');
    expect(failed.lastError).toMatchObject({ kind: 'timeout', status_code: 503 });
    expect(failed.retry).toBeNull();
  });
});
