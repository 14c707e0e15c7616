import {
  subjects,
  type ChatChange,
  type ChatReady,
  type WatchEvent,
  type WorkerWake,
} from '@parley/contracts';
import { eventually } from '@parley/testing';
import { arrangeChat } from './testing/arrange-chat';
import { createFixture, listen, testSql, textContent, type Fixture, type Inbox } from './testing/fixture';
import { createChat } from './transitions/create';
import { enterAction } from './transitions/enter-action';
import { finishTurn } from './transitions/finish-turn';
import { release } from './transitions/release';
import { send } from './transitions/send';
import { setArchived } from './transitions/set-archived';

let fixture: Fixture;
let changes: Inbox<ChatChange>;
let readies: Inbox<ChatReady>;
let wakes: Inbox<WorkerWake>;
let events: Inbox<WatchEvent>;

beforeAll(async () => {
  fixture = await createFixture();
  const { bus } = fixture.store;
  changes = await listen(bus, subjects.chatChanged('*'));
  readies = await listen(bus, subjects.chatReady());
  wakes = await listen(bus, subjects.workerWake('*'));
  events = await listen(bus, subjects.userChats('*'));
});
beforeEach(() => {
  for (const inbox of [changes, readies, wakes, events]) {
    inbox.subjects.length = 0;
    inbox.payloads.length = 0;
  }
});
afterAll(() => fixture.close());

/** The change is published last of nothing and first of all: once it is here, what came with it is on its way. */
const published = (count = 1) => eventually(() => changes.payloads.length >= count && events.payloads);

const sendTo = (chatId: string, text = 'hello') =>
  send(fixture.store, {
    chatId,
    ownerId: fixture.ownerId,
    content: textContent(text),
    busyBehavior: 'queue',
  });

test('a message to an unowned chat tells the viewers what changed, all workers, and the list', async () => {
  const chat = await arrangeChat(fixture, 'waiting', { isOwned: false });
  const result = await sendTo(chat.id);
  await eventually(() => events.payloads.length === 1 && readies.payloads.length === 1);
  expect(changes.subjects).toEqual([`chat.${chat.id}.changed`]);
  expect(changes.payloads).toEqual([result.ok && result.change]);
  expect(changes.payloads[0]).toMatchObject({ from_version: 10, version: 11, messages: [{ role: 'user' }] });
  expect(changes.payloads[0]).not.toHaveProperty('queue');
  expect(changes.payloads[0]).not.toHaveProperty('error');
  expect(readies.payloads).toEqual([{ chat_id: chat.id, version: 11 }]);
  expect(wakes.payloads).toEqual([]);
  expect(events.subjects).toEqual([`user.${fixture.ownerId}.chats`]);
  expect(events.payloads).toMatchObject([
    { kind: 'status_change', chat: { id: chat.id, status: 'running' } },
  ]);
});

test('a message to an owned chat wakes its worker, with all that it needs to go on', async () => {
  const chat = await arrangeChat(fixture, 'waiting');
  const result = await sendTo(chat.id);
  await eventually(() => wakes.payloads.length === 1);
  expect(wakes.subjects).toEqual([`worker.${fixture.workerId}.wake`]);
  expect(wakes.payloads[0]).toEqual({
    chat_id: chat.id,
    version: 11,
    change: result.ok && result.change,
    settings: {
      model_config_id: fixture.modelConfigId,
      reasoning_effort: null,
      plan_mode: null,
      mcp_server_ids: [],
    },
  });
  expect(readies.payloads).toEqual([]);
});

test('a worker is not woken by what it did itself', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  const fence = { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion };
  await finishTurn(fixture.store, { fence, messages: [{ role: 'assistant', content: textContent('done') }] });
  await published();
  expect(events.payloads).toMatchObject([
    { kind: 'status_change', chat: { status: 'waiting', has_unread: true } },
  ]);
  expect(wakes.payloads).toEqual([]);
  expect(readies.payloads).toEqual([]);
});

test('a released chat with work is offered to all workers', async () => {
  const chat = await arrangeChat(fixture, 'interrupting');
  await release(fixture.store, { chatId: chat.id, runnerId: chat.runnerId });
  await eventually(() => readies.payloads.length === 1);
  expect(changes.payloads).toMatchObject([{ worker_id: null, version: 11 }]);
  expect(events.payloads).toEqual([]);
});

test('a new chat is created in the list; archiving removes it from there, with its children', async () => {
  const created = await createChat(fixture.store, {
    organizationId: fixture.organizationId,
    ownerId: fixture.ownerId,
    title: 'New Chat',
    titleSource: 'fallback',
    modelConfigId: fixture.modelConfigId,
    userMessage: { role: 'user', content: textContent('hello') },
  });
  await eventually(() => readies.payloads.length === 1);
  expect(events.payloads).toMatchObject([{ kind: 'created', chat: { id: created.ok && created.chat.id } }]);
  const root = await arrangeChat(fixture, 'waiting');
  const child = await arrangeChat(fixture, 'waiting', { parentChatId: root.id });
  await setArchived(fixture.store, { chatId: root.id, archived: true });
  await eventually(() => events.payloads.length === 3);
  const removed = events.payloads.slice(1).map((event) => [event.kind, event.chat.id]);
  expect(removed.sort()).toEqual([root.id, child.id].map((id) => ['deleted', id]).sort());
});

test('an action tells the list which calls wait, with their arguments', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  await enterAction(fixture.store, {
    fence: { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion },
    messages: [
      {
        role: 'assistant',
        content: [{ type: 'tool-call', tool_call_id: 'x', tool_name: 'look_up', args: { city: 'Oslo' } }],
      },
    ],
    openCalls: [{ tool_call_id: 'x', tool_name: 'look_up', dynamic: true }],
  });
  await eventually(() => events.payloads.length === 2);
  expect(events.payloads).toMatchObject([
    { kind: 'status_change' },
    {
      kind: 'action_required',
      tool_calls: [{ tool_call_id: 'x', tool_name: 'look_up', args: '{"city":"Oslo"}' }],
    },
  ]);
});

test('a change too large for the bus goes out without its content', async () => {
  const chat = await arrangeChat(fixture, 'waiting');
  const result = await sendTo(chat.id, 'x'.repeat(300_000));
  await published();
  expect(changes.payloads[0]).toMatchObject({ version: 11, truncated: true });
  expect(changes.payloads[0]).not.toHaveProperty('messages');
  expect(result.ok && result.messages).toHaveLength(1);
});

test('provider metadata never reaches the bus', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  await finishTurn(fixture.store, {
    fence: { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion },
    messages: [
      {
        role: 'assistant',
        content: [{ type: 'text', text: 'hi', provider_metadata: { signature: 'secret' } }],
      },
      { role: 'assistant', content: textContent('for the model'), visibility: 'model' },
    ],
  });
  await published();
  expect(changes.payloads[0]?.messages).toMatchObject([{ content: [{ type: 'text', text: 'hi' }] }]);
  expect(JSON.stringify(changes.payloads)).not.toMatch(/secret|for the model/);
});

test('what is told is what is stored', async () => {
  const chat = await arrangeChat(fixture, 'running');
  await sendTo(chat.id);
  await published();
  const [row] = await fixture.test.database.query<{ version: number; queue_version: number }>(
    testSql('select version, queue_version from chats where id = $1'),
    [chat.id],
  );
  expect(changes.payloads[0]).toMatchObject({ version: row?.version, queue_version: row?.queue_version });
});
