import { sql } from '@parley/database';
import { addMember, idOf, provision, type Person, type Provisioned } from '../testing/provision';
import { startGateway, type TestGateway } from '../testing/start-gateway';
import { createTurnEnder, type TurnEnder } from './testing/turns';

const chats = '/api/v2/chats';
const limits = `${chats}/usage-limits`;
const TURN = 1_000;
const FAR = 1_000_000_000;

let gateway: TestGateway;
let world: Provisioned;
let turns: TurnEnder;
let people = 0;

beforeAll(async () => {
  gateway = await startGateway();
  world = await provision(gateway);
  turns = await createTurnEnder(gateway, world.modelId);
});
afterAll(() => gateway.close());
beforeEach(async () => {
  await setLimit(FAR);
});

const as = (person: Person, method: string, url: string, body?: unknown) =>
  gateway.call(method, url, { token: person.token, body });
const asAdmin = (method: string, url: string, body?: unknown) => as(world.admin, method, url, body);
const setLimit = (micros: number | null, period = 'month') =>
  asAdmin('PUT', limits, { spend_limit_micros: micros, period });
const limitUser = (person: Person, micros: number) =>
  asAdmin('PUT', `${limits}/overrides/${person.id}`, { spend_limit_micros: micros });
const newPerson = () => addMember(gateway, `spender${(people += 1)}`);

const text = { content: [{ type: 'text', text: 'Hello' }] };
const create = (person: Person) =>
  as(person, 'POST', chats, { organization_id: world.organizationId, ...text });
const send = (person: Person, chatId: string) => as(person, 'POST', `${chats}/${chatId}/messages`, text);
const statusOf = async (person: Person) => (await as(person, 'GET', `${limits}/status`)).body;

/** A chat at rest whose only turn cost so much. */
async function chatOf(person: Person, costMicros: number | null = TURN): Promise<string> {
  const chatId = idOf((await create(person)).body);
  await turns.end(chatId, costMicros);
  return chatId;
}

describe('a limit that is reached', () => {
  test('refuses create, send, edit and promote with what was spent, and lets running turns end', async () => {
    const person = await newPerson();
    const chatId = await chatOf(person);
    const busy = idOf((await create(person)).body);
    const queued = await send(person, busy);
    expect(queued.body).toMatchObject({ queued: true });
    await limitUser(person, TURN);
    const { id: queuedId } = (queued.body as { queued_message: { id: number } }).queued_message;
    const page = await as(person, 'GET', `${chats}/${chatId}/messages`);
    const first = (page.body as { messages: { id: number }[] }).messages.at(-1);
    for (const refused of [
      await create(person),
      await send(person, chatId),
      await as(person, 'PATCH', `${chats}/${chatId}/messages/${first?.id}`, text),
      await as(person, 'POST', `${chats}/${busy}/queue/${queuedId}/promote`),
    ]) {
      expect(refused.status).toBe(409);
      expect(refused.body).toEqual({
        message: expect.stringContaining('spending limit of $0.00') as string,
        spent_micros: TURN,
        limit_micros: TURN,
        resets_at: expect.stringMatching(/^\d{4}-\d\d-01T00:00:00\.000Z$/) as string,
      });
    }
    await turns.end(busy, TURN);
    expect(await statusOf(person)).toMatchObject({ is_limited: true, current_spend: 3 * TURN });
  });

  test('is not reached by turns whose cost nobody knows, nor by free ones', async () => {
    const person = await newPerson();
    await limitUser(person, 1);
    await chatOf(person, null);
    await chatOf(person, 0);
    expect((await create(person)).status).toBe(201);
  });

  test('counts what an edit deleted', async () => {
    const person = await newPerson();
    const chatId = await chatOf(person);
    await limitUser(person, 2 * TURN);
    const page = await as(person, 'GET', `${chats}/${chatId}/messages`);
    const first = (page.body as { messages: { id: number }[] }).messages.at(-1);
    const edited = await as(person, 'PATCH', `${chats}/${chatId}/messages/${first?.id}`, text);
    expect(edited.status).toBe(200);
    await turns.end(chatId, TURN);
    expect(await send(person, chatId)).toMatchObject({ status: 409, body: { spent_micros: 2 * TURN } });
  });
});

describe('concurrent turns', () => {
  test('20 sends at a limit with room for one turn: one is accepted, and the limit holds', async () => {
    const person = await newPerson();
    await limitUser(person, FAR);
    const ids: string[] = [];
    for (let count = 0; count < 10; count += 1) ids.push(await chatOf(person, TURN));
    await limitUser(person, 11 * TURN);
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, index) => send(person, ids[index % ids.length] ?? '')),
    );
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 409)).toHaveLength(19);
    for (const id of ids) await turns.end(id, TURN);
    expect(await statusOf(person)).toMatchObject({ current_spend: 11 * TURN });
  });

  test('of a user without any turn yet the first one runs alone', async () => {
    const person = await newPerson();
    const replies = await Promise.all(Array.from({ length: 20 }, () => create(person)));
    const accepted = replies.filter(({ status }) => status === 201);
    expect(accepted).toHaveLength(1);
    expect(replies.find(({ status }) => status === 409)?.body).toMatchObject({
      message: expect.stringContaining('still running') as string,
      spent_micros: 0,
    });
    await turns.end(idOf(accepted[0]?.body), TURN);
    expect((await create(person)).status).toBe(201);
  });

  test('run side by side while there is room, and each queued message takes its share', async () => {
    const person = await newPerson();
    const chatId = await chatOf(person, TURN);
    // Unsettled turns are taken for twice the dearest one: room for the running one and two more.
    await limitUser(person, 7 * TURN);
    const replies = [];
    for (let count = 0; count < 5; count += 1) replies.push(await send(person, chatId));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 409, 409]);
  });

  test('a refused or failed send leaves nothing reserved', async () => {
    const person = await newPerson();
    await chatOf(person, TURN);
    await limitUser(person, 2 * TURN);
    expect((await send(person, world.providerId)).status).toBe(404);
    const [row] = await gateway.testDatabase.database.query<{ count: number }>(
      sql('test_reservations', 'select count(*) from usage_reservations'),
      [],
    );
    expect(row?.count).toBe(0);
    expect((await create(person)).status).toBe(201);
  });
});

describe('which limit holds', () => {
  test('the user before the smallest of the groups before the deployment; off is off for all', async () => {
    const person = await newPerson();
    const groups = `/api/v2/organizations/${world.organizationId}/groups`;
    expect(await statusOf(person)).toMatchObject({ is_limited: true, spend_limit_micros: FAR });
    for (const [name, micros] of [
      ['large', 900],
      ['small', 300],
    ] as const) {
      const groupId = idOf((await asAdmin('POST', groups, { name })).body);
      const members = await asAdmin('PATCH', `/api/v2/groups/${groupId}`, { add_users: [person.id] });
      expect(members.body).toMatchObject({ members: [{ id: person.id }] });
      const set = await asAdmin('PUT', `${limits}/group-overrides/${groupId}`, {
        spend_limit_micros: micros,
      });
      expect(set.body).toMatchObject({ group_id: groupId, member_count: 1, spend_limit_micros: micros });
    }
    expect(await statusOf(person)).toMatchObject({ spend_limit_micros: 300 });
    await limitUser(person, 5_000);
    expect(await statusOf(person)).toMatchObject({ spend_limit_micros: 5_000 });
    expect((await asAdmin('GET', limits)).body).toMatchObject({
      spend_limit_micros: FAR,
      period: 'month',
      unpriced_model_count: 1,
      group_overrides: [{ group_name: 'large' }, { group_name: 'small' }],
    });
    await setLimit(null);
    expect(await statusOf(person)).toEqual({ is_limited: false, current_spend: 0 });
    expect((await asAdmin('DELETE', `${limits}/overrides/${person.id}`)).status).toBe(204);
    expect((await asAdmin('DELETE', `${limits}/overrides/${person.id}`)).status).toBe(404);
  });

  test('while limits are off a send costs no statement more', async () => {
    await setLimit(null);
    const person = await newPerson();
    const chatId = await chatOf(person);
    const counts = gateway.testDatabase.database.statementCounts();
    const before = new Map(counts);
    expect((await send(person, chatId)).status).toBe(200);
    const sent = [...counts].flatMap(([name, count]) => (count > (before.get(name) ?? 0) ? [name] : []));
    expect(sent).toEqual(['send']);
  });

  test('when the limit cannot be looked up, the turn is let through with a warning', async () => {
    const person = await newPerson();
    await limitUser(person, 1);
    const { database } = gateway.testDatabase;
    const rename = (from: string, to: string) =>
      database.query({ name: '', text: `alter table ${from} rename to ${to}` }, []);
    await chatOf(person, TURN);
    await rename('usage_reservations', 'elsewhere');
    expect((await create(person)).status).toBe(201);
    await rename('elsewhere', 'usage_reservations');
    expect(gateway.logs.join('')).toContain('could not be checked');
    expect((await create(person)).status).toBe(409);
  });

  test('only administrators see and set limits and groups', async () => {
    const person = await newPerson();
    const body = { spend_limit_micros: 1, period: 'day' };
    expect((await as(person, 'GET', limits)).status).toBe(403);
    expect((await as(person, 'PUT', limits, body)).status).toBe(403);
    expect((await as(person, 'PUT', `${limits}/overrides/${person.id}`, body)).status).toBe(403);
    expect((await as(person, 'GET', `/api/v2/organizations/${world.organizationId}/groups`)).status).toBe(
      403,
    );
    for (const micros of [0, -1, 1.5, '5', 2 ** 60]) {
      expect((await setLimit(micros as number)).status).toBe(400);
    }
  });
});
