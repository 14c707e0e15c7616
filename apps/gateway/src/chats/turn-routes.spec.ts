import { randomUUID } from 'node:crypto';
import { acquire, enterAction, renewLease } from '@parley/chat-state';
import type { Chat, ChatMessage, CreateMessageResponse, MessagesResponse } from '@parley/contracts';
import { createTurnEnder, type TurnEnder } from '../spend/testing/turns';
import { addMember, idOf, provision, type Person, type Provisioned } from '../testing/provision';
import { startGateway, type Reply, type TestGateway } from '../testing/start-gateway';

let gateway: TestGateway;
let world: Provisioned;
let turns: TurnEnder;
let other: Person;
const chats = '/api/v2/chats';

beforeAll(async () => {
  gateway = await startGateway();
  world = await provision(gateway);
  turns = await createTurnEnder(gateway, world.modelId);
  other = await addMember(gateway, 'other');
});
afterAll(() => gateway.close());

const as = (person: Person, method: string, url: string, body?: unknown) =>
  gateway.call(method, chats + url, { token: person.token, body });
const mine = (method: string, url: string, body?: unknown) => as(world.member, method, url, body);
const say = (text: string) => ({ content: [{ type: 'text', text }] });

async function newChat(fields: object = {}): Promise<string> {
  const body = { organization_id: world.organizationId, ...say('First'), ...fields };
  return idOf((await mine('POST', '', body)).body);
}

async function answeredChat(): Promise<string> {
  const id = await newChat();
  await turns.end(id, 0);
  return id;
}

/** Sends to a chat that is at work. Returns the id in the queue. */
async function queue(chatId: string, text: string): Promise<number> {
  const { body } = await mine('POST', `/${chatId}/messages`, say(text));
  return (body as CreateMessageResponse).queued_message?.id ?? 0;
}

/** Newest first. */
const messagesOf = async (chatId: string): Promise<MessagesResponse> =>
  (await mine('GET', `/${chatId}/messages`)).body as MessagesResponse;
const statusOf = async (chatId: string): Promise<string> =>
  ((await mine('GET', `/${chatId}`)).body as Chat).status;
const textsOf = (messages: readonly ChatMessage[]) =>
  messages.flatMap(({ content }) => content.map((part) => (part.type === 'text' ? part.text : part.type)));
const fieldsOf = ({ status, body }: Reply) => [
  status,
  ...((body as { validations?: { field: string }[] }).validations ?? []).map(({ field }) => field),
];

describe('an edit', () => {
  test('replaces the message and all after it, and the chat runs', async () => {
    const id = await answeredChat();
    const [answer, question] = (await messagesOf(id)).messages;
    const reply = await mine('PATCH', `/${id}/messages/${question?.id}`, say('Second'));
    expect(reply).toMatchObject({
      status: 200,
      body: {
        message: { role: 'user', ...say('Second') },
        messages: [say('Second')],
        deleted_message_ids: [question?.id, answer?.id],
      },
    });
    expect(textsOf((await messagesOf(id)).messages)).toEqual(['Second']);
    expect(await statusOf(id)).toBe('running');
  });

  test('is refused for what is no user message of the chat', async () => {
    const id = await answeredChat();
    const [answer] = (await messagesOf(id)).messages;
    const edit = (messageId: unknown) => mine('PATCH', `/${id}/messages/${String(messageId)}`, say('Second'));
    expect(fieldsOf(await edit(answer?.id))).toEqual([400, 'message']);
    expect(fieldsOf(await edit(0))).toEqual([400, 'message']);
    expect((await edit(1_000_000)).status).toBe(404);
    expect(await statusOf(id)).toBe('waiting');
  });
});

describe('a queued message', () => {
  test('is taken back once, while it waits', async () => {
    const id = await newChat();
    const queued = await queue(id, 'Second');
    await queue(id, 'Third');
    expect((await as(other, 'DELETE', `/${id}/queue/${queued}`)).status).toBe(404);
    expect(await mine('DELETE', `/${id}/queue/${queued}`)).toMatchObject({ status: 204, text: '' });
    expect((await mine('DELETE', `/${id}/queue/${queued}`)).status).toBe(404);
    expect((await messagesOf(id)).queued_messages).toMatchObject([say('Third')]);
    const idle = await answeredChat();
    expect((await mine('DELETE', `/${idle}/queue/1`)).status).toBe(409);
  });

  test('is promoted before the others, by the owner alone, and interrupts what runs', async () => {
    const id = await newChat();
    await queue(id, 'Second');
    const queued = await queue(id, 'Third');
    expect((await as(world.admin, 'POST', `/${id}/queue/${queued}/promote`)).status).toBe(403);
    expect((await mine('POST', `/${id}/queue/999/promote`)).status).toBe(404);
    expect((await mine('POST', `/${id}/queue/${queued}/promote`)).status).toBe(202);
    expect(await statusOf(id)).toBe('interrupting');
    expect((await messagesOf(id)).queued_messages).toMatchObject([say('Third'), say('Second')]);
    const idle = await answeredChat();
    expect((await mine('POST', `/${idle}/queue/1/promote`)).status).toBe(409);
  });
});

test('the owner alone clears and compacts a chat at rest, where there is something to drop', async () => {
  for (const [route, status, problem] of [
    ['clear', 'waiting', 'There is nothing to clear.'],
    ['compact', 'running', 'There is nothing to compact.'],
  ] as const) {
    const id = await answeredChat();
    expect((await as(world.admin, 'POST', `/${id}/${route}`)).status).toBe(403);
    expect((await as(other, 'POST', `/${id}/${route}`)).status).toBe(404);
    expect(await mine('POST', `/${id}/${route}`)).toMatchObject({ status: 200, body: { id, status } });
    const busy = await newChat();
    expect((await mine('POST', `/${busy}/${route}`)).status).toBe(409);
    const cleared = await answeredChat();
    await mine('POST', `/${cleared}/clear`);
    const again = await mine('POST', `/${cleared}/${route}`);
    expect(again).toMatchObject({ status: 409, body: { message: problem } });
  }
});

test('results are taken when they answer exactly what the chat asked its client', async () => {
  const id = await newChat({ unsafe_dynamic_tools: [{ name: 'ask' }] });
  const { database } = gateway.testDatabase;
  const store = { database, bus: gateway.bus };
  const workerId = randomUUID();
  await renewLease(database, { workerId, hostname: 'test', leaseMs: 3_600_000 });
  const head = await acquire(store, { workerId, chatId: id });
  const openCalls = ['a', 'b'].map((id) => ({ tool_call_id: id, tool_name: 'ask', dynamic: true }));
  await enterAction(store, {
    fence: { chatId: id, runnerId: head?.runnerId ?? '', historyVersion: head?.historyVersion ?? 0 },
    messages: [
      {
        role: 'assistant',
        content: ['a', 'b'].map((id) => ({
          type: 'tool-call',
          tool_call_id: id,
          tool_name: 'ask',
          args: {},
        })),
      },
    ],
    openCalls,
  });
  const give = (person: Person, ...ids: string[]) =>
    as(person, 'POST', `/${id}/tool-results`, {
      results: ids.map((tool_call_id) => ({ tool_call_id, output: { is: tool_call_id } })),
    });
  expect(fieldsOf(await give(world.member, 'a'))).toEqual([400, 'results']);
  expect(fieldsOf(await give(world.member, 'a', 'b', 'c'))).toEqual([400, 'results[2].tool_call_id']);
  expect((await give(world.admin, 'a', 'b')).status).toBe(403);
  expect((await give(other, 'a', 'b')).status).toBe(404);
  expect(await statusOf(id)).toBe('requires_action');
  expect(await give(world.member, 'b', 'a')).toMatchObject({ status: 204, text: '' });
  expect(await statusOf(id)).toBe('running');
  const [results] = (await messagesOf(id)).messages;
  expect(results).toMatchObject({
    role: 'tool',
    content: [
      { tool_call_id: 'a', tool_name: 'ask', result: { is: 'a' } },
      { tool_call_id: 'b', tool_name: 'ask', result: { is: 'b' } },
    ],
  });
  expect((await give(world.member, 'a', 'b')).status).toBe(409);
});

test('prompts are what the owner wrote, newest first, as many as asked for', async () => {
  const id = await answeredChat();
  await mine('POST', `/${id}/messages`, say('Second'));
  const prompts = (query: string) => mine('GET', `/${id}/prompts${query}`);
  expect((await prompts('')).body).toEqual({ prompts: ['Second', 'First'] });
  expect((await prompts('?limit=0')).body).toEqual({ prompts: ['Second', 'First'] });
  expect((await prompts('?limit=1')).body).toEqual({ prompts: ['Second'] });
  expect(fieldsOf(await prompts('?limit=2001'))).toEqual([400, 'limit']);
  expect((await as(other, 'GET', `/${id}/prompts`)).status).toBe(404);
});

test('a family is archived and taken back by a lock and one statement, and what it is already is 400', async () => {
  const id = await answeredChat();
  const sent = async (archived: boolean) => {
    const before = new Map(gateway.testDatabase.database.statementCounts());
    expect((await mine('PATCH', `/${id}`, { archived })).status).toBe(204);
    return [...gateway.testDatabase.database.statementCounts()]
      .filter(([name, count]) => count > (before.get(name) ?? 0))
      .map(([name]) => name)
      .sort();
  };
  for (const archived of [true, false]) {
    expect(await sent(archived)).toEqual(['begin', 'commit', 'lock_chat', 'set_archived']);
    expect(fieldsOf(await mine('PATCH', `/${id}`, { archived }))).toEqual([400, 'archived']);
    const reply = await mine('POST', `/${id}/messages`, say('Second'));
    expect(reply.status).toBe(archived ? 400 : 200);
  }
  // At work now: the present value again is as wrong as at rest, the other one may become right.
  expect(fieldsOf(await mine('PATCH', `/${id}`, { archived: false }))).toEqual([400, 'archived']);
  expect((await mine('PATCH', `/${id}`, { archived: true })).status).toBe(409);
});
