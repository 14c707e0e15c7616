import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import { readChatCost, readUserCost } from './cost-summaries';
import { recordModelCall, type ModelCallEntry } from './record-model-call';

let testDatabase: TestDatabase;
const [userId, modelConfigId, chatId, childId] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];

const run = (text: string, values: readonly unknown[] = []) =>
  testDatabase.database.query({ name: '', text }, values);

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  await run(
    `with o as (insert into organizations (name, display_name) values ('acme', 'Acme') returning id),
    u as (insert into users (id, email, username) values ($1, 'ann@acme.test', 'ann') returning id),
    p as (insert into chat_providers (type, name) values ('openai', 'mock') returning id),
    m as (insert into chat_model_configs (id, organization_id, ai_provider_id, model, context_limit, compression_threshold)
      select $2, o.id, p.id, 'one', 1000, 70 from o, p returning id)
    insert into chats (id, organization_id, owner_id, parent_chat_id, root_chat_id, last_model_config_id, status)
    select c.id, o.id, u.id, c.parent, c.parent, m.id, 'waiting'
    from o, u, m, (values ($3::uuid, null::uuid), ($4, $3)) c (id, parent)`,
    [userId, modelConfigId, chatId, childId],
  );
});
afterAll(() => testDatabase.drop());
beforeEach(() => run('truncate chat_model_calls, chat_messages'));

const call = (fields: Partial<ModelCallEntry> = {}): ModelCallEntry => ({
  id: randomUUID(),
  chatId,
  modelConfigId,
  purpose: 'turn',
  outcome: 'interrupted',
  providerResponseId: 'resp_1',
  usage: { input_tokens: 10, output_tokens: 0 },
  costMicros: 7,
  ...fields,
});
const storeAnswer = (
  modelCallId: string | null,
  fields = 'total_tokens, total_cost_micros',
  values = '5, 3',
) =>
  run(
    `insert into chat_messages (chat_id, role, content, revision, model_config_id, model_call_id, ${fields})
    values ($1, 'assistant', '[]', 1, $2, $3, ${values})`,
    [chatId, modelConfigId, modelCallId],
  );
const record = (entry: ModelCallEntry) => recordModelCall(testDatabase.database, entry);

describe('the entry of a call', () => {
  test('is written once, however often it is tried, also at once', async () => {
    const entry = call();
    const written = await Promise.all([record(entry), record(entry), record(entry)]);
    expect(written.filter(Boolean)).toHaveLength(1);
    expect(await record(entry)).toBe(false);
    expect(await readChatCost(testDatabase.database, { chatId })).toEqual({
      total_cost_micros: 7,
      request_count: 1,
      unpriced_request_count: 0,
    });
  });

  test('is the message alone when the answer had been stored after all', async () => {
    const entry = call();
    await storeAnswer(entry.id);
    expect(await record(entry)).toBe(false);
    expect(await readChatCost(testDatabase.database, { chatId })).toMatchObject({
      total_cost_micros: 3,
      request_count: 1,
    });
  });

  test('is another one for another call, whatever id the provider gave it', async () => {
    expect([await record(call()), await record(call())]).toEqual([true, true]);
  });

  test('is not written for a chat that is gone', async () => {
    expect(await record(call({ chatId: randomUUID() }))).toBe(false);
  });
});

describe('sums', () => {
  const range = { start: new Date(Date.now() - 60_000), end: new Date(Date.now() + 60_000) };

  test('are of the whole tree, asked at its root or at a child', async () => {
    await record(call());
    await record(call({ chatId: childId, purpose: 'title', costMicros: 5 }));
    for (const id of [chatId, childId])
      expect(await readChatCost(testDatabase.database, { chatId: id })).toMatchObject({
        total_cost_micros: 12,
      });
    const { by_chat, by_purpose } = await readUserCost(testDatabase.database, { userId, range });
    expect(by_purpose).toMatchObject([
      { purpose: 'turn', total_cost_micros: 7, message_count: 1 },
      { purpose: 'title', total_cost_micros: 5, message_count: 1 },
    ]);
    expect(by_chat).toMatchObject([{ root_chat_id: chatId, total_cost_micros: 12, message_count: 2 }]);
  });

  test('tell calls of unknown cost from free ones, and count what an edit deleted', async () => {
    await record(call({ costMicros: null, usage: undefined }));
    await record(call({ costMicros: 0 }));
    await storeAnswer(randomUUID(), 'deleted, total_tokens, total_cost_micros', 'true, 5, 3');
    await storeAnswer(randomUUID(), 'total_tokens', '5');
    expect(await readUserCost(testDatabase.database, { userId, range })).toMatchObject({
      total_cost_micros: 3,
      priced_message_count: 2,
      unpriced_message_count: 2,
      total_input_tokens: 10,
      by_model: [{ model_config_id: modelConfigId, provider: 'openai', model: 'one', message_count: 4 }],
    });
  });

  test('count answers that the previous version stored, and no partial answers', async () => {
    await storeAnswer(null);
    await storeAnswer(null, 'runtime_ms', '1');
    expect(await readChatCost(testDatabase.database, { chatId })).toMatchObject({
      total_cost_micros: 3,
      request_count: 1,
    });
  });

  test('leave out what lies before and after the range', async () => {
    await record(call());
    const after = { start: range.end, end: new Date(range.end.getTime() + 1) };
    const before = { start: new Date(0), end: range.start };
    for (const other of [after, before])
      expect(await readUserCost(testDatabase.database, { userId, range: other })).toMatchObject({
        total_cost_micros: 0,
        priced_message_count: 0,
        by_model: [],
        by_chat: [],
      });
  });
});
