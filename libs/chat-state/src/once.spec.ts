import { createHash, randomUUID } from 'node:crypto';
import { sqlState } from '@parley/database';
import { forgetKeys, type OnceKey } from './once';
import { readMessages } from './reads/read-messages';
import { arrangeChat, storedChat } from './testing/arrange-chat';
import { createFixture, listen, testSql, textContent, type Fixture } from './testing/fixture';
import { createChat, readRepeatedCreate, type CreateChatInput } from './transitions/create';
import { readRepeatedSend, send, type SendInput } from './transitions/send';
import { toClientChat } from './rows/chat-row';
import { subjects, type ChatChange } from '@parley/contracts';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture({ poolSize: 8 });
});
afterAll(() => fixture.close());
beforeEach(() => fixture.test.database.query(testSql('delete from idempotency_keys'), []));

const onceOf = (request = 'a request', key = 'the-key'): OnceKey => ({
  key,
  requestHash: createHash('sha256').update(request).digest(),
});
const sendOnce = (chatId: string, input: Partial<SendInput> = {}) =>
  send(fixture.store, {
    chatId,
    ownerId: fixture.ownerId,
    content: textContent('hello\u0000'),
    busyBehavior: 'queue',
    once: onceOf(),
    ...input,
  });
const createOnce = (input: Partial<CreateChatInput> = {}) =>
  createChat(fixture.store, {
    organizationId: fixture.organizationId,
    ownerId: fixture.ownerId,
    title: 'Title \uE000\uE000',
    titleSource: 'fallback',
    modelConfigId: fixture.modelConfigId,
    labels: { env: 'test' },
    mcpServerIds: [randomUUID()],
    userMessage: { role: 'user', content: textContent('hello') },
    once: onceOf(),
    ...input,
  });
const repeatedSend = (once = onceOf(), userId = fixture.ownerId) =>
  readRepeatedSend(fixture.store.database, { userId, once });
const repeatedCreate = (once = onceOf()) =>
  readRepeatedCreate(fixture.store.database, { userId: fixture.ownerId, once });
const count = async (table: string): Promise<number | undefined> =>
  (await fixture.test.database.query<{ count: number }>(testSql(`select count(*) from ${table}`), []))[0]
    ?.count;
const age = (interval: string) =>
  fixture.test.database.query(
    testSql(`update idempotency_keys set created_at = now() - interval '${interval}'`),
    [],
  );
const USED = expect.objectContaining({ code: '23505' }) as unknown;

/** Those that were done, and those that violated the key. */
async function race<T extends { ok: boolean }>(attempts: Promise<T>[]): Promise<{ done: T[]; used: number }> {
  const settled = await Promise.allSettled(attempts);
  const done = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const errors = settled.flatMap((one): unknown[] => (one.status === 'rejected' ? [one.reason] : []));
  for (const error of errors) expect(sqlState(error)).toBe('23505');
  return { done, used: errors.length };
}

describe('a send', () => {
  test.each(['waiting', 'running'] as const)(
    '20 at once with one key to a chat that is %s are one message, told once',
    async (state) => {
      const chat = await arrangeChat(fixture, state);
      const told = await listen<ChatChange>(fixture.store.bus, subjects.chatChanged(chat.id));
      const { done, used } = await race(Array.from({ length: 20 }, () => sendOnce(chat.id)));
      expect([done.length, used]).toEqual([1, 19]);
      const [first] = done;
      if (!first?.ok) throw new Error('refused');
      expect(first.chat.version).toBe(11);
      const { chat: _chat, rows: _rows, change: _change, ok: _ok, ...result } = first;
      expect(await repeatedSend()).toEqual({ isSame: true, result });
      const { messages } = await readMessages(fixture.store.database, { chatId: chat.id, limit: 50 });
      const isHello = (text: string) => text.includes('hello');
      const inHistory = messages.filter((message) => isHello(JSON.stringify(message))).length;
      const inQueue = first.chat.queue.filter((item) => isHello(JSON.stringify(item))).length;
      expect(inHistory + inQueue).toBe(1);
      await new Promise(setImmediate);
      expect(told.payloads).toHaveLength(1);
    },
  );

  test('20 at once with one key to as many chats reach one of them', async () => {
    const chats = await Promise.all(Array.from({ length: 20 }, () => arrangeChat(fixture, 'waiting')));
    const { done, used } = await race(chats.map(({ id }) => sendOnce(id, { once: onceOf(id) })));
    expect([done.length, used]).toEqual([1, 19]);
    const hashes = await Promise.all(chats.map(({ id }) => repeatedSend(onceOf(id))));
    expect(hashes.filter((repeat) => repeat?.isSame)).toHaveLength(1);
    expect(hashes.filter((repeat) => repeat?.isSame === false)).toHaveLength(19);
  });

  test('that is refused keeps no key', async () => {
    for (const state of ['archived:waiting', 'running+queue'] as const) {
      const chat = await arrangeChat(fixture, state, { queueLength: 20 });
      expect(await sendOnce(chat.id)).toMatchObject({ ok: false });
    }
    const chat = await arrangeChat(fixture, 'waiting');
    expect(await sendOnce(chat.id, { ownerId: fixture.strangerId })).toMatchObject({ reason: 'not_found' });
    expect(await count('idempotency_keys')).toBe(0);
    expect(await repeatedSend()).toBeNull();
  });

  test('whose connection was cut before its commit leaves neither message nor key, and its repeat is the first', async () => {
    const chat = await arrangeChat(fixture, 'waiting');
    const before = await storedChat(fixture, chat.id);
    const lost = fixture.test.database.transaction(async (tx) => {
      const database = { query: tx.query.bind(tx), transaction: unexpected };
      const sent = await send(
        { database, bus: fixture.store.bus },
        { chatId: chat.id, ownerId: fixture.ownerId, content: [], busyBehavior: 'queue', once: onceOf() },
      );
      expect(sent.ok).toBe(true);
      await tx.query(testSql('select pg_terminate_backend(pg_backend_pid())'), []);
    });
    await expect(lost).rejects.toThrow();
    expect(await storedChat(fixture, chat.id)).toEqual(before);
    expect(await repeatedSend()).toBeNull();
    expect(await sendOnce(chat.id)).toMatchObject({ ok: true });
  });

  test('whose answer was lost after the commit is found with all that it did', async () => {
    const chat = await arrangeChat(fixture, 'error+queue');
    const first = await sendOnce(chat.id);
    if (!first.ok) throw new Error(first.reason);
    expect(first.messages.length).toBeGreaterThan(1);
    const { chat: _chat, rows: _rows, change: _change, ok: _ok, ...result } = first;
    const after = await storedChat(fixture, chat.id);
    await expect(sendOnce(chat.id)).rejects.toEqual(USED);
    expect(await storedChat(fixture, chat.id)).toEqual(after);
    expect(await repeatedSend()).toEqual({ isSame: true, result });
  });

  test('a key belongs to its user', async () => {
    const chat = await arrangeChat(fixture, 'waiting');
    await sendOnce(chat.id);
    expect(await repeatedSend(onceOf(), fixture.strangerId)).toBeNull();
    expect(await repeatedSend(onceOf('another request'))).toEqual({ isSame: false });
    expect(await repeatedSend(onceOf('a request', 'another-key'))).toBeNull();
  });
});

describe('a create', () => {
  test('20 at once with one key are one chat, found as it was made', async () => {
    const before = (await count('chats')) ?? 0;
    const { done, used } = await race(Array.from({ length: 20 }, () => createOnce()));
    expect([done.length, used, await count('chats')]).toEqual([1, 19, before + 1]);
    const [first] = done;
    if (!first?.ok) throw new Error('refused');
    await send(fixture.store, { ...sentLater, chatId: first.chat.id, ownerId: fixture.ownerId });
    const repeat = await repeatedCreate();
    if (!repeat?.isSame) throw new Error('not found');
    expect(repeat.result).toEqual(first.chat);
    expect(toClientChat(repeat.result)).toEqual(toClientChat(first.chat));
  });

  test('a key that was sent with is no repeat of a create, and the other way round', async () => {
    const chat = await arrangeChat(fixture, 'waiting');
    await sendOnce(chat.id);
    await expect(createOnce()).rejects.toEqual(USED);
    expect(await repeatedCreate(onceOf('a create'))).toEqual({ isSame: false });
    const other = onceOf('a create', 'another-key');
    expect(await createOnce({ once: other })).toMatchObject({ ok: true });
    expect(await repeatedSend(onceOf('a send', 'another-key'))).toEqual({ isSame: false });
  });

  test('that is refused keeps no key', async () => {
    expect(await createOnce({ parentChatId: randomUUID() })).toMatchObject({ reason: 'parent_not_found' });
    expect(await count('idempotency_keys')).toBe(0);
  });
});

describe('after 24 hours', () => {
  test('a key is free again, once', async () => {
    const chat = await arrangeChat(fixture, 'waiting');
    await sendOnce(chat.id);
    await age('23 hours 59 minutes');
    await expect(sendOnce(chat.id)).rejects.toEqual(USED);
    await age('24 hours');
    expect(await repeatedSend()).toBeNull();
    const { done, used } = await race(Array.from({ length: 20 }, () => sendOnce(chat.id)));
    expect([done.length, used]).toEqual([1, 19]);
    await age('24 hours');
    expect(await createOnce()).toMatchObject({ ok: true });
    expect(await count('idempotency_keys')).toBe(1);
  });

  test('keys are forgotten, so many at a time, and younger ones stay', async () => {
    const chat = await arrangeChat(fixture, 'running');
    for (let index = 0; index < 5; index++) await sendOnce(chat.id, { once: onceOf('x', `old-${index}`) });
    await age('25 hours');
    await sendOnce(chat.id);
    const forgotten = [];
    for (let index = 0; index < 4; index++)
      forgotten.push(await forgetKeys(fixture.store.database, { limit: 2 }));
    expect(forgotten).toEqual([2, 2, 1, 0]);
    expect(await repeatedSend()).toMatchObject({ isSame: true });
  });
});

test('without a key nothing is stored, and the statements are those of before', async () => {
  const counts = fixture.test.database.statementCounts();
  const before = counts.get('send_once') ?? 0;
  const chat = await arrangeChat(fixture, 'waiting');
  await send(fixture.store, { ...sentLater, chatId: chat.id, ownerId: fixture.ownerId });
  expect([counts.get('send_once') ?? 0, await count('idempotency_keys')]).toEqual([before, 0]);
});

const sentLater = { content: textContent('later'), busyBehavior: 'queue' } as const;
const unexpected = () => Promise.reject(new Error('A send takes no transaction.'));
