import type { Chat, CreateMessageResponse, MessagesResponse } from '@parley/contracts';
import { sql } from '@parley/database';
import { addMember, idOf, provision, type Person, type Provisioned } from '../testing/provision';
import { startGateway, type Reply, type TestGateway } from '../testing/start-gateway';
import { ExpiredKeys } from './expired-keys';
import { canonicalJson } from './idempotency';

const chats = '/api/v2/chats';
const AGE = sql('age_keys_test', 'update idempotency_keys set created_at = created_at - $1::interval');
const COUNT = sql('count_keys_test', 'select count(*)::integer as count from idempotency_keys');

let gateway: TestGateway;
let world: Provisioned;
let other: Person;
beforeAll(async () => {
  gateway = await startGateway();
  world = await provision(gateway);
  other = await addMember(gateway, 'other');
});
afterAll(() => gateway.close());

let lastKey = 0;
const freshKey = (): string => `key-${(lastKey += 1)}`;
const say = (text: string) => ({ content: [{ type: 'text', text }] });
const post = (url: string, body: unknown, key?: string, person = world.member): Promise<Reply> =>
  gateway.call('POST', url, {
    token: person.token,
    body,
    ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
  });
const create = (key?: string, fields: object = {}) =>
  post(chats, { organization_id: world.organizationId, ...say('Hello'), ...fields }, key);
const newChat = async (): Promise<string> => idOf((await create()).body);
const send = (chatId: string, text: string, key?: string) =>
  post(`${chats}/${chatId}/messages`, say(text), key);
const read = async (url: string): Promise<unknown> =>
  (await gateway.call('GET', url, { token: world.member.token })).body;
/** The texts of all messages and queued messages of a chat. */
async function textsOf(chatId: string): Promise<string[]> {
  const page = (await read(`${chats}/${chatId}/messages`)) as MessagesResponse;
  return [...page.messages, ...page.queued_messages].flatMap(({ content }) =>
    content.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
  );
}
const settle = (chatId: string) =>
  gateway.testDatabase.database.query(
    sql('settle_chat_test', "update chats set status = 'waiting', queue = '[]' where id = $1"),
    [chatId],
  );
const statements = () =>
  [...gateway.testDatabase.database.statementCounts().values()].reduce((sum, count) => sum + count, 0);
const seen = ({ status, text }: Reply) => [status, text];
const refusedFor = ({ status, body }: Reply) => [
  status,
  ...(body as { validations: { field: string }[] }).validations.map(({ field }) => field),
];

describe('a repeat under the same key', () => {
  test('of a message gets the first answer, and sends nothing', async () => {
    const id = await newChat();
    await settle(id);
    for (const text of ['into the history\u0000', 'into the queue']) {
      const key = freshKey();
      const first = await send(id, text, key);
      expect(first.status).toBe(200);
      expect(seen(await send(id, text, key))).toEqual(seen(first));
      expect((first.body as CreateMessageResponse).queued).toBe(text === 'into the queue');
    }
    expect((await textsOf(id)).sort()).toEqual(['Hello', 'into the history\u0000', 'into the queue']);
  });

  test('of a create gets the first chat as it was, and makes none', async () => {
    const key = freshKey();
    const fields = { labels: { env: 'repeat' }, system_prompt: 'Rhyme.', reasoning_effort: 'low' };
    const first = await create(key, fields);
    expect(first.status).toBe(201);
    await gateway.call('PATCH', `${chats}/${idOf(first.body)}`, {
      token: world.member.token,
      body: { title: 'Changed since' },
    });
    expect(seen(await create(key, fields))).toEqual(seen(first));
    expect((await read(`${chats}?label=env:repeat`)) as Chat[]).toHaveLength(1);
  });

  test('is the same whatever the order of its fields, with defaults left out, and under the other prefix', async () => {
    const id = await newChat();
    const key = freshKey();
    const first = await send(id, 'one', key);
    const swapped = { busy_behavior: 'queue', content: [{ text: 'one', type: 'text' }] };
    expect(seen(await post(`/api/experimental/chats/${id}/messages`, swapped, key))).toEqual(seen(first));
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  });

  test('at the same time, ten times: all get one answer', async () => {
    const id = await newChat();
    const keys = [freshKey(), freshKey()] as const;
    const sent = await Promise.all(Array.from({ length: 10 }, () => send(id, 'at once', keys[0])));
    const created = await Promise.all(Array.from({ length: 10 }, () => create(keys[1])));
    for (const replies of [sent, created]) expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(sent.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(created.map(({ status }) => status)).toEqual(Array(10).fill(201));
    expect(await textsOf(id)).toEqual(['Hello', 'at once']);
  });

  test('gets the first answer though it would be refused now: queue full, archived, model gone', async () => {
    const id = await newChat();
    const keys = [freshKey(), freshKey(), freshKey()] as const;
    const full: Reply[] = [];
    for (let index = 0; index < 20; index += 1)
      full.push(await send(id, 'fill', index === 19 ? keys[0] : undefined));
    expect((await send(id, 'fill')).status).toBe(429);
    expect(full[19]?.status).toBe(200);
    expect(seen(await send(id, 'fill', keys[0]))).toEqual(full[19] && seen(full[19]));

    const created = await create(keys[1]);
    await settle(idOf(created.body));
    const sent = await send(idOf(created.body), 'before', keys[2]);
    await settle(idOf(created.body));
    const patch = { token: world.member.token, body: { archived: true } };
    expect((await gateway.call('PATCH', `${chats}/${idOf(created.body)}`, patch)).status).toBe(204);
    expect((await send(idOf(created.body), 'before')).status).toBe(400);
    expect(seen(await send(idOf(created.body), 'before', keys[2]))).toEqual(seen(sent));
    expect(seen(await create(keys[1]))).toEqual(seen(created));
  });
});

describe('another request under a used key is 422 naming the header', () => {
  test('another body, another chat, another route', async () => {
    const [one, two] = [await newChat(), await newChat()];
    const key = freshKey();
    expect((await send(one, 'same', key)).status).toBe(200);
    for (const reply of [
      await send(one, 'not the same', key),
      await send(two, 'same', key),
      await create(key),
    ])
      expect(refusedFor(reply)).toEqual([422, 'Idempotency-Key']);
    expect([await textsOf(one), await textsOf(two)]).toEqual([['Hello', 'same'], ['Hello']]);
    const createKey = freshKey();
    await create(createKey);
    expect(refusedFor(await create(createKey, { plan_mode: 'plan' }))).toEqual([422, 'Idempotency-Key']);
  });

  test('of the same user: another one has keys of their own', async () => {
    const key = freshKey();
    const first = await create(key);
    const body = { organization_id: world.organizationId, ...say('Hello') };
    const second = await post(chats, body, key, other);
    expect(second.status).toBe(201);
    expect(idOf(second.body)).not.toBe(idOf(first.body));
    expect((await post(`${chats}/${idOf(first.body)}/messages`, say('x'), freshKey(), other)).status).toBe(
      404,
    );
  });
});

test('what was refused keeps no key', async () => {
  const id = await newChat();
  for (let index = 0; index < 20; index += 1) await send(id, 'fill');
  const key = freshKey();
  expect((await send(id, 'late', key)).status).toBe(429);
  expect((await send(id, 'other', key)).status).toBe(429);
  await settle(id);
  expect((await send(id, 'late', key)).status).toBe(200);
});

test.each([
  ['empty', ''],
  ['too long', 'x'.repeat(256)],
  ['with a space', 'a b'],
  ['sent twice', 'a, a'],
  ['not ASCII', 'é'],
  ['with a control character', 'a\u0001'],
])('400 names the header when the key is %s', async (_what, key) => {
  const id = await newChat();
  expect(refusedFor(await send(id, 'x', key))).toEqual([400, 'Idempotency-Key']);
  expect(refusedFor(await create(key))).toEqual([400, 'Idempotency-Key']);
  expect(await textsOf(id)).toEqual(['Hello']);
});

test('a key of 255 characters is fine, quotes and all', async () => {
  const key = `"${'~'.repeat(253)}"`;
  const first = await create(key);
  expect(first.status).toBe(201);
  expect(seen(await create(key))).toEqual(seen(first));
});

test('after 24 hours a key is free, and in the end it is forgotten', async () => {
  const { database } = gateway.testDatabase;
  const count = async () => (await database.query<{ count: number }>(COUNT, []))[0]?.count;
  await database.query(AGE, ['3 days']);
  const id = await newChat();
  const key = freshKey();
  await send(id, 'first', key);
  await database.query(AGE, ['24 hours']);
  expect((await send(id, 'second', key)).status).toBe(200);
  expect(await textsOf(id)).toEqual(['Hello', 'first', 'second']);
  expect(await count()).toBeGreaterThan(5);
  const warnings: string[] = [];
  const logger = { warn: (_fields: object, message: string) => void warnings.push(message) };
  await new ExpiredKeys(database, logger, 2).tick();
  expect([await count(), warnings]).toEqual([1, []]);
  const broken = { query: () => Promise.reject(new Error('away')) };
  await new ExpiredKeys(broken, logger).tick();
  expect(warnings).toHaveLength(1);
});

test('a message with a key costs one statement too, and its repeat one more', async () => {
  const id = await newChat();
  await send(id, 'warm');
  const key = freshKey();
  const costs: number[] = [];
  for (const given of [undefined, key, key]) {
    const before = statements();
    await send(id, 'counted', given);
    costs.push(statements() - before);
  }
  expect(costs).toEqual([1, 1, 2]);
});
