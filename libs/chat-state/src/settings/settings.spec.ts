import { subjects, type WatchEvent } from '@parley/contracts';
import { eventually } from '@parley/testing';
import { readChat } from '../reads/read-chat';
import { arrangeChat } from '../testing/arrange-chat';
import { createFixture, listen, testSql, textContent, type Fixture } from '../testing/fixture';
import { finishTurn } from '../transitions/finish-turn';
import { markRead } from './mark-read';
import { setChatSummary } from './set-chat-summary';
import { setGeneratedTitle } from './set-generated-title';
import { setTurnSummary } from './set-turn-summary';
import { updateChat } from './update-chat';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.test.database.query(testSql('delete from chats'), []));
afterAll(() => fixture.close());

test('a rename keeps version and list order, and is told to the list', async () => {
  const events = await listen<WatchEvent>(fixture.store.bus, subjects.userChats('*'));
  const chat = await arrangeChat(fixture, 'running');
  const before = await readChat(fixture.store.database, { chatId: chat.id });
  const result = await updateChat(fixture.store, {
    chatId: chat.id,
    ownerId: fixture.ownerId,
    title: 'Mine',
    labels: { a: 'b' },
    planMode: 'plan',
  });
  expect(result).toEqual({
    ok: true,
    chat: { ...before, title: 'Mine', titleSource: 'manual', labels: { a: 'b' }, planMode: 'plan' },
  });
  await eventually(() => events.payloads.length === 1);
  expect(events.payloads).toMatchObject([{ kind: 'title_change', chat: { title: 'Mine' } }]);
  expect(await updateChat(fixture.store, { chatId: chat.id, planMode: '' })).toMatchObject({
    chat: { title: 'Mine', planMode: null },
  });
  expect(
    await updateChat(fixture.store, { chatId: chat.id, ownerId: fixture.strangerId, title: 'x' }),
  ).toEqual({
    ok: false,
    reason: 'not_found',
  });
});

test('a generated title replaces the fallback, and never a title that somebody chose', async () => {
  const chat = await arrangeChat(fixture, 'running');
  expect(await setGeneratedTitle(fixture.store, { chatId: chat.id, title: 'Made' })).toBe(true);
  expect(await setGeneratedTitle(fixture.store, { chatId: chat.id, title: 'Again' })).toBe(false);
  const renamed = await arrangeChat(fixture, 'running');
  await updateChat(fixture.store, { chatId: renamed.id, title: 'Mine' });
  expect(await setGeneratedTitle(fixture.store, { chatId: renamed.id, title: 'Made' })).toBe(false);
  expect(await readChat(fixture.store.database, { chatId: renamed.id })).toMatchObject({ title: 'Mine' });
});

test('the label of a turn belongs to one history', async () => {
  const chat = await arrangeChat(fixture, 'running');
  const set = (historyVersion: number) =>
    setTurnSummary(fixture.store, { chatId: chat.id, historyVersion, summary: 'Found it' });
  expect(await set(8)).toBe(false);
  expect(await set(9)).toBe(true);
  expect(await readChat(fixture.store.database, { chatId: chat.id })).toMatchObject({
    lastTurnSummary: 'Found it',
  });
});

test('the summary of a chat belongs to one history, moves neither version nor list order, and is told to the list', async () => {
  const events = await listen<WatchEvent>(fixture.store.bus, subjects.userChats('*'));
  const chat = await arrangeChat(fixture, 'waiting');
  const before = await readChat(fixture.store.database, { chatId: chat.id });
  const set = (historyVersion: number) =>
    setChatSummary(fixture.store, { chatId: chat.id, historyVersion, summary: 'About herons.' });
  expect(await set(chat.historyVersion - 1)).toBe(false);
  expect(await set(chat.historyVersion)).toBe(true);
  expect(await readChat(fixture.store.database, { chatId: chat.id })).toEqual({
    ...before,
    summary: 'About herons.',
  });
  await eventually(() => events.payloads.length === 1);
  expect(events.payloads).toMatchObject([
    { kind: 'chat_summary_change', chat: { id: chat.id, summary: 'About herons.' } },
  ]);
});

test('an answer is unread until the owner has seen it', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  await finishTurn(fixture.store, {
    fence: { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion },
    messages: [{ role: 'assistant', content: textContent('done') }],
  });
  const hasUnread = async () => (await readChat(fixture.store.database, { chatId: chat.id }))?.hasUnread;
  expect(await hasUnread()).toBe(true);
  await markRead(fixture.store, { chatId: chat.id, ownerId: fixture.strangerId });
  expect(await hasUnread()).toBe(true);
  await markRead(fixture.store, { chatId: chat.id, ownerId: fixture.ownerId });
  expect(await hasUnread()).toBe(false);
});

describe('pins', () => {
  const pin = (chatId: string, pinOrder: number) => updateChat(fixture.store, { chatId, pinOrder });
  const pinned = async () => {
    const rows = await fixture.test.database.query<{ id: string; pin_order: number }>(
      testSql('select id, pin_order from chats where pin_order > 0 order by pin_order'),
      [],
    );
    expect(rows.map((row) => row.pin_order)).toEqual(rows.map((_, index) => index + 1));
    return rows.map((row) => row.id);
  };
  const three = async () =>
    [
      (await arrangeChat(fixture, 'waiting')).id,
      (await arrangeChat(fixture, 'running')).id,
      (await arrangeChat(fixture, 'waiting')).id,
    ] as [string, string, string];

  test('append, move within bounds, and close the gap of one that is unpinned', async () => {
    const [a, b, c] = await three();
    for (const id of [a, b, c]) expect(await pin(id, 1)).toMatchObject({ ok: true });
    expect(await pinned()).toEqual([a, b, c]);
    expect(await pin(c, 1)).toMatchObject({ chat: { pinOrder: 1 } });
    expect(await pinned()).toEqual([c, a, b]);
    await pin(c, 99);
    expect(await pinned()).toEqual([a, b, c]);
    await pin(b, 0);
    expect(await pinned()).toEqual([a, c]);
  });

  test('set side by side keep their numbers apart', async () => {
    const ids = await three();
    await Promise.all(ids.map((id) => pin(id, 1)));
    expect((await pinned()).sort()).toEqual([...ids].sort());
  });

  test('heal gaps and duplicates', async () => {
    const ids = await three();
    await fixture.test.database.query(testSql('update chats set pin_order = 7'), []);
    await pin(ids[0], 2);
    expect(await pinned()).toHaveLength(3);
    expect((await pinned())[1]).toBe(ids[0]);
  });

  test('are for roots that are not archived, and nothing else is changed then', async () => {
    const archived = await arrangeChat(fixture, 'archived:waiting');
    const root = await arrangeChat(fixture, 'waiting');
    const child = await arrangeChat(fixture, 'waiting', { parentChatId: root.id });
    const update = (chatId: string) => updateChat(fixture.store, { chatId, pinOrder: 1, title: 'x' });
    expect(await update(archived.id)).toEqual({ ok: false, reason: 'archived' });
    expect(await update(child.id)).toEqual({ ok: false, reason: 'not_a_root' });
    expect(await update(fixture.ownerId)).toEqual({ ok: false, reason: 'not_found' });
    expect(await readChat(fixture.store.database, { chatId: child.id })).not.toMatchObject({ title: 'x' });
  });
});
