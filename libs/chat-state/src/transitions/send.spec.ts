import { arrangeChat, storedChat } from '../testing/arrange-chat';
import { createFixture, testSql, textContent, type Fixture } from '../testing/fixture';
import { readChat } from '../reads/read-chat';
import { CANCELLED_RESULT } from '../transition-statement';
import { MAX_QUEUED_MESSAGES, send, type SendInput } from './send';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.close());

const sendTo = (chatId: string, input: Partial<SendInput> = {}) =>
  send(fixture.store, {
    chatId,
    ownerId: fixture.ownerId,
    content: textContent('hello'),
    busyBehavior: 'queue',
    ...input,
  });

test('a message to a waiting chat enters the history and a turn starts', async () => {
  const chat = await arrangeChat(fixture, 'waiting');
  const result = await sendTo(chat.id, {
    reasoningEffort: 'high',
    modelConfigId: fixture.otherModelConfigId,
  });
  expect(result).toMatchObject({
    ok: true,
    queued: false,
    message: { role: 'user', content: textContent('hello'), created_by: fixture.ownerId },
    chat: {
      status: 'running',
      historyVersion: 11,
      queueVersion: 3,
      generationAttempt: 0,
      lastModelConfigId: fixture.otherModelConfigId,
      lastReasoningEffort: 'high',
    },
  });
  if (result.ok) expect(result.chat.updatedAt.getFullYear()).toBeGreaterThan(2025);
});

test('a message that names no model is stored with the one that the chat has, in the history at once and from the queue then', async () => {
  const waiting = await arrangeChat(fixture, 'waiting');
  expect(await sendTo(waiting.id)).toMatchObject({ message: { model_config_id: fixture.modelConfigId } });
  const queued = await sendTo((await arrangeChat(fixture, 'running')).id);
  if (!queued.ok || !queued.queued) throw new Error('not queued');
  expect(queued.queuedMessage).not.toHaveProperty('model_config_id');
  const resting = await arrangeChat(fixture, 'error+queue');
  await fixture.store.database.query(testSql('update chats set last_model_config_id = $2 where id = $1'), [
    resting.id,
    fixture.otherModelConfigId,
  ]);
  const sent = await sendTo(resting.id);
  const [head] = sent.ok ? sent.messages.slice(-1) : [];
  expect(head).toMatchObject({ role: 'user', model_config_id: fixture.otherModelConfigId });
});

test('a message sent while a turn runs waits in the queue, and the list order stays', async () => {
  const chat = await arrangeChat(fixture, 'running');
  const result = await sendTo(chat.id, { modelConfigId: fixture.otherModelConfigId });
  expect(result).toMatchObject({
    ok: true,
    queued: true,
    messages: [],
    queuedMessage: { id: 11, content: textContent('hello'), model_config_id: fixture.otherModelConfigId },
    chat: {
      status: 'running',
      historyVersion: 9,
      queueVersion: 11,
      generationAttempt: 2,
      lastModelConfigId: fixture.modelConfigId,
      updatedAt: new Date('2026-01-01T00:00:00Z'),
    },
  });
});

test('the 21st queued message is refused', async () => {
  const chat = await arrangeChat(fixture, 'running+queue', { queueLength: MAX_QUEUED_MESSAGES });
  for (const busyBehavior of ['queue', 'interrupt'] as const)
    expect(await sendTo(chat.id, { busyBehavior })).toEqual({
      ok: false,
      reason: 'queue_full',
      state: 'running+queue',
    });
});

test('a message to a chat in error with open calls comes after their cancelled results', async () => {
  const chat = await arrangeChat(fixture, 'error');
  const result = await sendTo(chat.id);
  const cancelled = { type: 'tool-result', tool_name: 'look_up', result: CANCELLED_RESULT, is_error: true };
  expect(result).toMatchObject({
    messages: [
      {
        role: 'tool',
        content: [
          { ...cancelled, tool_call_id: 'call_1\u0000' },
          { ...cancelled, tool_call_id: 'call_2' },
        ],
      },
      { role: 'user', content: textContent('hello') },
    ],
    chat: { openCalls: [], lastError: null },
    change: { error: null, open_calls: [] },
  });
});

test('a message to a chat in error with a queue goes to its end, and the head runs', async () => {
  const chat = await arrangeChat(fixture, 'error+queue', { queueLength: 2, hasOpenCalls: false });
  const result = await sendTo(chat.id);
  expect(result).toMatchObject({
    queued: true,
    messages: [{ role: 'user', content: textContent('queued 0') }],
    queuedMessage: { content: textContent('hello') },
  });
  if (result.ok)
    expect(result.change.queue?.map((item) => item.content)).toEqual([
      textContent('queued 1'),
      textContent('hello'),
    ]);
});

test('an interrupting message passes the queue of a chat that waits for results', async () => {
  const chat = await arrangeChat(fixture, 'requires_action+queue');
  const result = await sendTo(chat.id, { busyBehavior: 'interrupt' });
  expect(result).toMatchObject({
    queued: false,
    message: { content: textContent('hello') },
    chat: { status: 'running', actionDeadlineAt: null, openCalls: [], queue: [{ id: 2 }] },
  });
  if (result.ok) expect(result.messages.map((message) => message.role)).toEqual(['tool', 'user']);
});

test('an interrupting message to a running chat stops it and waits at the end of the line', async () => {
  const chat = await arrangeChat(fixture, 'running+queue');
  const result = await sendTo(chat.id, { busyBehavior: 'interrupt' });
  expect(result).toMatchObject({
    queued: true,
    chat: { status: 'interrupting', queue: [{ id: 2 }, { id: 11 }] },
  });
});

test('a stranger finds no chat', async () => {
  const chat = await arrangeChat(fixture, 'waiting');
  const before = await storedChat(fixture, chat.id);
  expect(await sendTo(chat.id, { ownerId: fixture.strangerId })).toEqual({ ok: false, reason: 'not_found' });
  expect(await storedChat(fixture, chat.id)).toEqual(before);
});

test('plan mode is kept, entered and left', async () => {
  const chat = await arrangeChat(fixture, 'waiting');
  const mode = async () => (await readChat(fixture.store.database, { chatId: chat.id }))?.planMode;
  await sendTo(chat.id, { planMode: 'plan' });
  expect(await mode()).toBe('plan');
  await sendTo(chat.id);
  expect(await mode()).toBe('plan');
  await sendTo(chat.id, { planMode: '' });
  expect(await mode()).toBeNull();
});

test('what a running turn had recorded stays while a message is queued', async () => {
  const chat = await arrangeChat(fixture, 'running');
  await fixture.test.database.query(
    testSql(`update chats set retry = jsonb_build_object('attempt', 2, 'retrying_at', now()), compaction_requested_at = now()
      where id = $1`),
    [chat.id],
  );
  const queued = await sendTo(chat.id);
  expect(queued).toMatchObject({
    chat: { retry: { attempt: 2 }, compactionRequestedAt: expect.any(Date) as Date },
  });
  if (queued.ok) expect(queued.change).not.toHaveProperty('retry');
  const interrupted = await sendTo(chat.id, { busyBehavior: 'interrupt' });
  expect(interrupted).toMatchObject({
    chat: { retry: null, compactionRequestedAt: null },
    change: { retry: null },
  });
});
