import { readChat } from '../reads/read-chat';
import { readMessages } from '../reads/read-messages';
import { readTranscript } from '../reads/read-transcript';
import { arrangeChat } from '../testing/arrange-chat';
import { createFixture, testSql, textContent, type Fixture } from '../testing/fixture';
import type { NewMessage } from '../types';
import { acquire } from './acquire';
import { clearContext } from './clear-context';
import { commitCompaction, finishCompaction } from './commit-compaction';
import { recordRetry } from './record-retry';
import { requestCompaction } from './request-compaction';
import { send } from './send';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.close());

const call = { tool_call_id: 'c', tool_name: 'chat_summarized' };
const messages: NewMessage[] = [
  { role: 'user', content: textContent('in short'), visibility: 'model', compressed: true },
  { role: 'assistant', content: [{ type: 'tool-call', ...call }], visibility: 'user', compressed: true },
  { role: 'tool', content: [{ type: 'tool-result', ...call }], visibility: 'user', compressed: true },
  { role: 'user', content: textContent('second question'), visibility: 'model' },
];

const transcript = async (chatId: string) =>
  (await readTranscript(fixture.store.database, { chatId })).map(({ role, content: [part] }) => [
    role,
    part?.type === 'text' ? part.text : part?.type,
  ]);

const seen = [
  ['system', 'Be kind.'],
  ['user', 'in short'],
  ['user', 'second question'],
];

describe('a compaction', () => {
  test('in the middle of a turn takes the place of the history for the model alone, and the turn goes on', async () => {
    const chat = await arrangeChat(fixture, 'running+queue', { hasOpenCalls: false });
    const fence = { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion };
    const done = await commitCompaction(fixture.store, { fence, messages });
    expect(done).toMatchObject({
      ok: true,
      chat: { status: 'running', historyVersion: 11, generationAttempt: 0, queue: [{ id: 2 }] },
    });
    expect(await transcript(chat.id)).toEqual(seen);
    const page = await readMessages(fixture.store.database, { chatId: chat.id, limit: 20 });
    expect(page.messages.map(({ role }) => role)).toEqual(['tool', 'assistant', 'user', 'assistant', 'user']);
    expect(await commitCompaction(fixture.store, { fence, messages })).toMatchObject({ reason: 'stale' });
  });

  test('that was asked for ends the turn, and is no answer that somebody has yet to read', async () => {
    const chat = await arrangeChat(fixture, 'error', { isOwned: false });
    const { id: chatId } = chat;
    expect(await requestCompaction(fixture.store, { chatId })).toMatchObject({ ok: true });
    const head = await acquire(fixture.store, { chatId, workerId: fixture.workerId });
    const fence = {
      chatId,
      runnerId: head?.runnerId ?? '',
      historyVersion: head?.historyVersion ?? 0,
    };
    const retry = { delay_ms: 1, error: 'overloaded' };
    expect(await recordRetry(fixture.store, { fence, retry })).toMatchObject({
      chat: { compactionRequestedAt: expect.any(Date) as Date },
    });
    expect(await finishCompaction(fixture.store, { fence, messages })).toMatchObject({
      ok: true,
      chat: {
        status: 'waiting',
        hasUnread: false,
        compactionRequestedAt: null,
        lastError: null,
        retry: null,
      },
    });
    expect(await transcript(chatId)).toEqual(seen);
  });

  test('that was asked for lets the head of the queue run, after the questions that it repeats', async () => {
    const chat = await arrangeChat(fixture, 'running+queue', { hasOpenCalls: false });
    const fence = { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion };
    expect(await finishCompaction(fixture.store, { fence, messages })).toMatchObject({
      chat: { status: 'running', queue: [] },
      promoted: { role: 'user' },
    });
    expect(await transcript(chat.id)).toEqual([...seen, ['user', 'queued 0']]);
  });

  test('leaves a summary that a person can have cleared', async () => {
    const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
    const fence = { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion };
    await finishCompaction(fixture.store, { fence, messages: messages.slice(0, 3) });
    expect(await transcript(chat.id)).toEqual(seen.slice(0, 2));
    expect(await clearContext(fixture.store, { chatId: chat.id })).toMatchObject({ ok: true });
    expect(await transcript(chat.id)).toEqual([
      ['system', 'Be kind.'],
      ['user', undefined],
    ]);
    expect(await clearContext(fixture.store, { chatId: chat.id })).toMatchObject({
      reason: 'nothing_to_clear',
    });
  });

  test('answers calls that are still open before it', async () => {
    const chat = await arrangeChat(fixture, 'running');
    const fence = { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion };
    const done = await commitCompaction(fixture.store, { fence, messages });
    expect(done.ok && done.rows.map(({ role }) => role)).toEqual([
      'tool',
      'user',
      'assistant',
      'tool',
      'user',
    ]);
    expect(await readChat(fixture.store.database, { chatId: chat.id })).toMatchObject({ openCalls: [] });
  });
});

test('there is nothing to compact where nothing but questions follow the boundary', async () => {
  const chat = await arrangeChat(fixture, 'waiting');
  await fixture.test.database.query(
    testSql("delete from chat_messages where chat_id = $1 and role = 'assistant'"),
    [chat.id],
  );
  const input = { chatId: chat.id, ownerId: fixture.ownerId };
  expect(await requestCompaction(fixture.store, input)).toMatchObject({ reason: 'nothing_to_compact' });
  expect(
    await send(fixture.store, { ...input, content: textContent('on'), busyBehavior: 'queue' }),
  ).toMatchObject({ ok: true });
});
