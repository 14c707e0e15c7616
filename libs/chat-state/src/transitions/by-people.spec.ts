import { randomUUID } from 'node:crypto';
import { readTranscript } from '../reads/read-transcript';
import { readMessages } from '../reads/read-messages';
import { arrangeChat, storedChat } from '../testing/arrange-chat';
import { createFixture, testSql, textContent, type Fixture } from '../testing/fixture';
import { clearContext } from './clear-context';
import { createChat, type CreateChatInput } from './create';
import { deleteQueued } from './delete-queued';
import { edit } from './edit';
import { finishTurn } from './finish-turn';
import { interrupt } from './interrupt';
import { promoteQueued } from './promote-queued';
import { requestCompaction } from './request-compaction';
import { send } from './send';
import { setArchived } from './set-archived';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.close());

const own = (chatId: string) => ({ chatId, ownerId: fixture.ownerId });

describe('create', () => {
  const create = (input: Partial<CreateChatInput> = {}) =>
    createChat(fixture.store, {
      organizationId: fixture.organizationId,
      ownerId: fixture.ownerId,
      title: 'New Chat',
      titleSource: 'fallback',
      modelConfigId: fixture.modelConfigId,
      systemMessages: [{ role: 'system', content: textContent('Be kind.'), visibility: 'model' }],
      userMessage: { role: 'user', content: textContent('hello'), createdBy: fixture.ownerId },
      ...input,
    });

  test('writes the chat and its messages, and shows clients those they may see', async () => {
    const result = await create({
      labels: { team: 'x' },
      planMode: 'plan',
      dynamicTools: [{ name: 'look_up', description: '', input_schema: { type: 'object' } }],
    });
    expect(result).toMatchObject({
      ok: true,
      chat: { status: 'running', version: 1, historyVersion: 1, planMode: 'plan', labels: { team: 'x' } },
      rows: [{ role: 'system' }, { role: 'user' }],
      messages: [{ role: 'user', content: textContent('hello') }],
      change: { from_version: 0, version: 1, messages: [{ role: 'user' }] },
    });
  });

  test('with an id that is taken changes nothing', async () => {
    const chat = await arrangeChat(fixture, 'waiting');
    const before = await storedChat(fixture, chat.id);
    expect(await create({ id: chat.id })).toEqual({ ok: false, reason: 'already_exists' });
    expect(await storedChat(fixture, chat.id)).toEqual(before);
  });

  test('makes a child of a root of the same owner, and of nothing else', async () => {
    const root = await arrangeChat(fixture, 'waiting');
    const child = await create({ parentChatId: root.id });
    expect(child).toMatchObject({ chat: { parentChatId: root.id, rootChatId: root.id } });
    const archived = await arrangeChat(fixture, 'archived:waiting');
    const childId = child.ok ? child.chat.id : '';
    for (const parentChatId of [childId, archived.id, randomUUID()])
      expect(await create({ parentChatId })).toEqual({ ok: false, reason: 'parent_not_found' });
    expect(await create({ parentChatId: root.id, ownerId: fixture.strangerId })).toEqual({
      ok: false,
      reason: 'parent_not_found',
    });
  });
});

describe('edit', () => {
  test('replaces a message and all after it, empties the queue and drops running work', async () => {
    const chat = await arrangeChat(fixture, 'running+queue', { queueLength: 2 });
    const result = await edit(fixture.store, {
      ...own(chat.id),
      messageId: chat.userMessageId,
      content: textContent('edited'),
    });
    expect(result).toMatchObject({
      ok: true,
      message: { role: 'user', content: textContent('edited') },
      deletedMessageIds: [chat.userMessageId, chat.userMessageId + 1],
      chat: { status: 'running', queue: [], openCalls: [], generationAttempt: 0, runnerId: chat.runnerId },
      change: { history_reset: true, queue: [], open_calls: [] },
    });
    const fence = { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion };
    expect(await finishTurn(fixture.store, { fence, messages: [] })).toMatchObject({ reason: 'stale' });
    const { messages } = await readMessages(fixture.store.database, {
      chatId: chat.id,
      afterId: 0,
      limit: 10,
    });
    expect(messages.map((message) => message.content)).toEqual([
      textContent('first question'),
      textContent('first answer'),
      textContent('edited'),
    ]);
    const [count] = await fixture.test.database.query<{ all: number }>(
      testSql('select count(*) as all from chat_messages where chat_id = $1'),
      [chat.id],
    );
    expect(count?.all).toBe(6);
  });

  test('is refused for what is no user message of this chat', async () => {
    const chat = await arrangeChat(fixture, 'waiting');
    const other = await arrangeChat(fixture, 'waiting');
    const before = await storedChat(fixture, chat.id);
    const tryEdit = (messageId: number) =>
      edit(fixture.store, { ...own(chat.id), messageId, content: textContent('edited') });
    const state = 'waiting';
    // The system message is the model's alone; the answer is no user message.
    expect(await tryEdit(chat.userMessageId - 3)).toEqual({ ok: false, reason: 'message_not_found', state });
    expect(await tryEdit(chat.userMessageId - 1)).toEqual({ ok: false, reason: 'not_a_user_message', state });
    expect(await tryEdit(other.userMessageId)).toEqual({ ok: false, reason: 'message_not_found', state });
    expect(await storedChat(fixture, chat.id)).toEqual(before);
    await edit(fixture.store, {
      ...own(chat.id),
      messageId: chat.userMessageId,
      content: textContent('edited'),
    });
    expect(await tryEdit(chat.userMessageId)).toMatchObject({ ok: false, reason: 'message_not_found' });
  });
});

describe('the queue', () => {
  test('loses the message that is taken back', async () => {
    const chat = await arrangeChat(fixture, 'interrupting+queue', { queueLength: 3 });
    expect(await deleteQueued(fixture.store, { ...own(chat.id), queuedMessageId: 3 })).toMatchObject({
      chat: { status: 'interrupting', queue: [{ id: 2 }, { id: 4 }], queueVersion: 11 },
    });
    expect(await deleteQueued(fixture.store, { ...own(chat.id), queuedMessageId: 3 })).toEqual({
      ok: false,
      reason: 'queued_message_not_found',
      state: 'interrupting+queue',
    });
  });

  test('runs a promoted message at once where nothing runs', async () => {
    const chat = await arrangeChat(fixture, 'error+queue', { queueLength: 3 });
    expect(await promoteQueued(fixture.store, { ...own(chat.id), queuedMessageId: 3 })).toMatchObject({
      queued: false,
      message: { content: textContent('queued 1') },
      rows: [{ role: 'tool' }, { role: 'user' }],
      chat: { status: 'running', queue: [{ id: 2 }, { id: 4 }], lastError: null },
    });
  });

  test('puts a promoted message first, and interrupts what runs', async () => {
    const chat = await arrangeChat(fixture, 'running+queue', { queueLength: 3 });
    expect(await promoteQueued(fixture.store, { ...own(chat.id), queuedMessageId: 4 })).toMatchObject({
      queued: true,
      messages: [],
      chat: { status: 'interrupting', queue: [{ id: 4 }, { id: 2 }, { id: 3 }], openCalls: [{}, {}] },
    });
  });
});

test('an interrupt leaves a running chat to its worker, and lets one that waits for results go on', async () => {
  const running = await arrangeChat(fixture, 'running');
  expect(await interrupt(fixture.store, own(running.id))).toMatchObject({
    chat: { status: 'interrupting', historyVersion: 9, openCalls: [{}, {}] },
    rows: [],
  });
  const waiting = await arrangeChat(fixture, 'requires_action');
  expect(await interrupt(fixture.store, { chatId: waiting.id })).toMatchObject({
    chat: { status: 'running', openCalls: [], actionDeadlineAt: null },
    rows: [{ role: 'tool' }],
  });
});

describe('the context', () => {
  const transcript = async (chatId: string) =>
    (await readTranscript(fixture.store.database, { chatId })).map((row) => [row.role, row.content]);

  test('once cleared starts anew for the model, and stays for the user', async () => {
    const chat = await arrangeChat(fixture, 'error');
    const cleared = await clearContext(fixture.store, own(chat.id));
    expect(cleared).toMatchObject({
      chat: { status: 'waiting', openCalls: [], lastError: null, hasUnread: false },
      rows: [
        { role: 'tool' },
        { role: 'user', compressed: true, visibility: 'model' },
        { role: 'assistant' },
        {},
      ],
    });
    expect(await transcript(chat.id)).toEqual([
      ['system', textContent('Be kind.')],
      ['user', []],
    ]);
    expect(await clearContext(fixture.store, own(chat.id))).toEqual({
      ok: false,
      reason: 'nothing_to_clear',
      state: 'waiting',
    });
    expect(await requestCompaction(fixture.store, own(chat.id))).toMatchObject({
      reason: 'nothing_to_compact',
    });
    await send(fixture.store, { ...own(chat.id), content: textContent('again'), busyBehavior: 'queue' });
    expect(await transcript(chat.id)).toHaveLength(3);
    const { messages } = await readMessages(fixture.store.database, { chatId: chat.id, limit: 20 });
    expect(messages.map((message) => message.role)).toEqual([
      'user',
      'tool',
      'assistant',
      'tool',
      'assistant',
      'user',
      'assistant',
      'user',
    ]);
  });

  test('to be compacted makes the chat run with a marker, as a new attempt', async () => {
    const chat = await arrangeChat(fixture, 'waiting');
    expect(await requestCompaction(fixture.store, own(chat.id))).toMatchObject({
      chat: {
        status: 'running',
        generationAttempt: 3,
        historyVersion: 9,
        compactionRequestedAt: expect.any(Date) as Date,
      },
    });
  });
});

describe('archiving', () => {
  test('takes the whole family, unpins it and gives it back', async () => {
    const root = await arrangeChat(fixture, 'waiting');
    await fixture.test.database.query(testSql('update chats set pin_order = 4 where id = $1'), [root.id]);
    const child = await arrangeChat(fixture, 'error+queue', { parentChatId: root.id });
    const archived = await setArchived(fixture.store, { ...own(root.id), archived: true });
    expect(archived).toMatchObject({
      chat: { id: root.id, archived: true, pinOrder: 0, workerId: null },
      children: [
        { id: child.id, archived: true, status: 'error', lastError: { message: 'boom' }, workerId: null },
      ],
    });
    expect(await setArchived(fixture.store, { ...own(root.id), archived: true })).toMatchObject({
      reason: 'archived',
    });
    expect(await setArchived(fixture.store, { ...own(root.id), archived: false })).toMatchObject({
      chat: { archived: false },
      children: [{ archived: false }],
    });
    expect(await setArchived(fixture.store, { ...own(root.id), archived: false })).toMatchObject({
      reason: 'illegal_transition',
    });
  });

  test('is refused as a whole while one member works', async () => {
    const root = await arrangeChat(fixture, 'waiting');
    const child = await arrangeChat(fixture, 'running', { parentChatId: root.id });
    const before = [await storedChat(fixture, root.id), await storedChat(fixture, child.id)];
    expect(await setArchived(fixture.store, { ...own(root.id), archived: true })).toEqual({
      ok: false,
      reason: 'illegal_transition',
      state: 'running',
    });
    expect([await storedChat(fixture, root.id), await storedChat(fixture, child.id)]).toEqual(before);
  });

  test('is for roots only, and for their owner', async () => {
    const root = await arrangeChat(fixture, 'waiting');
    const child = await arrangeChat(fixture, 'waiting', { parentChatId: root.id });
    expect(await setArchived(fixture.store, { ...own(child.id), archived: true })).toMatchObject({
      reason: 'not_a_root',
    });
    expect(
      await setArchived(fixture.store, { chatId: root.id, ownerId: fixture.strangerId, archived: true }),
    ).toEqual({ ok: false, reason: 'not_found' });
  });
});
