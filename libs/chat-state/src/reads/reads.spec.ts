import { randomBytes, randomUUID } from 'node:crypto';
import { arrangeChat } from '../testing/arrange-chat';
import { createFixture, testSql, textContent, type Fixture } from '../testing/fixture';
import { commitStep } from '../transitions/commit-step';
import { edit } from '../transitions/edit';
import { send } from '../transitions/send';
import { setArchived } from '../transitions/set-archived';
import type { NewMessage } from '../types';
import { listChats } from './list-chats';
import { readChat, readClientChat, readVersions } from './read-chat';
import { readFeed } from './read-feed';
import { readMessages, readPrompts } from './read-messages';
import { readTranscript } from './read-transcript';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.test.database.query(testSql('delete from chats'), []));
afterAll(() => fixture.close());

const database = () => fixture.store.database;

/** One that Postgres compresses to nearly nothing, one that it cannot compress, and small ones. */
const LARGE = [
  'small',
  'x'.repeat(300_000),
  randomBytes(60_000).toString('base64'),
  'between',
  randomBytes(60_000).toString('base64'),
  'last',
];

const bytesOf = (messages: readonly { content: unknown }[]) =>
  messages.reduce((sum, { content }) => sum + JSON.stringify(content).length, 0);

const chatWithLargeAnswers = () => chatWithTexts(LARGE);

function chatWithAnswers(count: number) {
  return chatWithTexts(Array.from({ length: count }, (_, index) => `answer ${index}`));
}

async function chatWithTexts(texts: readonly string[]) {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  const messages = texts.map((text): NewMessage => ({ role: 'assistant', content: textContent(text) }));
  await commitStep(fixture.store, {
    fence: { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion },
    messages,
  });
  return chat;
}

const textsOf = (messages: readonly { content: readonly object[] }[]) =>
  messages.map((message) => (message.content[0] as { text: string }).text);

describe('a page of messages', () => {
  test('is descending, but ascending with after_id alone, and says whether there are more', async () => {
    const chat = await chatWithAnswers(4);
    const read = async (input: { afterId?: number; beforeId?: number; limit: number }) => {
      const page = await readMessages(database(), { chatId: chat.id, ...input });
      return [page.messages.map((message) => message.id - chat.userMessageId), page.hasMore];
    };
    const first = chat.userMessageId;
    expect(await read({ limit: 2 })).toEqual([[4, 3], true]);
    expect(await read({ limit: 7 })).toEqual([[4, 3, 2, 1, 0, -1, -2], false]);
    expect(await read({ afterId: first, limit: 3 })).toEqual([[1, 2, 3], true]);
    expect(await read({ beforeId: first + 3, limit: 2 })).toEqual([[2, 1], true]);
    expect(await read({ afterId: first, beforeId: first + 4, limit: 2 })).toEqual([[3, 2], true]);
    expect(await read({ afterId: first + 3, limit: 3 })).toEqual([[4], false]);
  });

  test('is no larger than asked for, has one message however large, and loses none between pages', async () => {
    const chat = await chatWithLargeAnswers();
    const maxBytes = 100_000;
    const seen: number[] = [];
    let afterId = chat.userMessageId;
    for (let hasMore = true; hasMore;) {
      const page = await readMessages(database(), { chatId: chat.id, afterId, limit: 50, maxBytes });
      expect(page.messages.length === 1 || bytesOf(page.messages) < maxBytes * 1.1).toBe(true);
      seen.push(...textsOf(page.messages).map((text) => LARGE.indexOf(text)));
      afterId = page.messages.at(-1)?.id ?? Infinity;
      hasMore = page.hasMore;
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
  });
});

describe('the feed', () => {
  test('without a cursor has the newest messages, ascending', async () => {
    const chat = await chatWithAnswers(3);
    const feed = await readFeed(database(), { chatId: chat.id, limit: 2 });
    expect(textsOf(feed?.messages.map(({ message }) => message) ?? [])).toEqual(['answer 1', 'answer 2']);
    expect(feed).toMatchObject({ hasMore: true, historyReset: false, head: { id: chat.id, version: 11 } });
  });

  test('after a revision or an id has what is newer, oldest first', async () => {
    const chat = await chatWithAnswers(3);
    for (const cursor of [{ afterRevision: 9 }, { afterId: chat.userMessageId }]) {
      const feed = await readFeed(database(), { chatId: chat.id, ...cursor, limit: 2 });
      expect(feed).toMatchObject({
        hasMore: true,
        messages: [
          { revision: 11, message: { content: textContent('answer 0') } },
          { message: { content: textContent('answer 1') } },
        ],
      });
    }
    expect(await readFeed(database(), { chatId: chat.id, afterRevision: 11, limit: 2 })).toMatchObject({
      messages: [],
      hasMore: false,
    });
  });

  test('holds the newest messages that fit, and says that older ones exist', async () => {
    const chat = await chatWithLargeAnswers();
    const read = async (maxBytes: number) => {
      const feed = await readFeed(database(), { chatId: chat.id, limit: 50, maxBytes });
      const texts = textsOf(feed?.messages.map(({ message }) => message) ?? []);
      return [texts.map((text) => LARGE.indexOf(text)), feed?.hasMore];
    };
    expect(await read(1)).toEqual([[5], true]);
    expect(await read(90_000)).toEqual([[3, 4, 5], true]);
    expect((await read(10_000_000))[1]).toBe(false);
    const tail = { chatId: chat.id, afterRevision: 9, limit: 50 };
    expect(await readFeed(database(), { ...tail, maxBytes: 100_000 })).toMatchObject({ hasMore: true });
    expect(await readFeed(database(), tail)).toMatchObject({ hasMore: false });
  });

  test('starts anew when an edit removed messages', async () => {
    const chat = await chatWithAnswers(1);
    await edit(fixture.store, {
      chatId: chat.id,
      ownerId: fixture.ownerId,
      messageId: chat.userMessageId,
      content: textContent('edited'),
    });
    const feed = await readFeed(database(), { chatId: chat.id, afterRevision: 11, limit: 10 });
    expect(feed?.historyReset).toBe(true);
    expect(textsOf(feed?.messages.map(({ message }) => message) ?? [])).toEqual([
      'first question',
      'first answer',
      'edited',
    ]);
    const later = await readFeed(database(), { chatId: chat.id, afterRevision: 12, limit: 10 });
    expect(later).toMatchObject({ historyReset: false, messages: [] });
  });

  test('of no chat is null', async () => {
    expect(await readFeed(database(), { chatId: fixture.ownerId, limit: 1 })).toBeNull();
    expect(await readFeed(database(), { chatId: fixture.ownerId, afterRevision: 0, limit: 1 })).toBeNull();
  });
});

test('the transcript starts at the newest boundary, and keeps system messages', async () => {
  const chat = await chatWithAnswers(1);
  const boundary = (text: string): NewMessage => ({
    role: 'user',
    content: textContent(text),
    compressed: true,
    visibility: 'model',
  });
  const { historyVersion } = (await readChat(database(), { chatId: chat.id })) ?? { historyVersion: 0 };
  await commitStep(fixture.store, {
    fence: { chatId: chat.id, runnerId: chat.runnerId, historyVersion },
    messages: [
      boundary('old summary'),
      { role: 'assistant', content: textContent('between') },
      boundary('summary'),
      { role: 'assistant', content: textContent('shown only'), compressed: true, visibility: 'user' },
      { role: 'user', content: textContent('after') },
    ],
  });
  const rows = await readTranscript(database(), { chatId: chat.id });
  expect(textsOf(rows)).toEqual(['Be kind.', 'summary', 'after']);
  expect(rows[1]).toMatchObject({ compressed: true, visibility: 'model', revision: 12 });
});

test('prompts are the own texts, newest first, and blank ones are not counted', async () => {
  const chat = await arrangeChat(fixture, 'waiting');
  const own = { chatId: chat.id, ownerId: fixture.ownerId, busyBehavior: 'queue' as const };
  await send(fixture.store, {
    ...own,
    content: [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ],
  });
  const file = { type: 'file', file_id: randomUUID(), media_type: 'image/png', name: 'a.png' } as const;
  const blank = [textContent('  '), textContent(' \t\u3000\u200a\ufeff\r\n'), textContent('\u200b'), [file]];
  for (const content of blank) {
    await fixture.test.database.query(testSql(`update chats set status = 'waiting' where id = $1`), [
      chat.id,
    ]);
    await send(fixture.store, { ...own, content });
  }
  const prompts = (limit: number) => readPrompts(database(), { chatId: chat.id, limit });
  // A zero width space is not blank for JavaScript either.
  expect(await prompts(500)).toEqual(['\u200b', 'a\nb', 'second question', 'first question']);
  expect(await prompts(2)).toEqual(['\u200b', 'a\nb']);
});

test('versions of many chats come at once; chats that are gone are absent', async () => {
  const chat = await arrangeChat(fixture, 'waiting');
  expect(await readVersions(database(), [chat.id, fixture.ownerId])).toEqual(new Map([[chat.id, 10]]));
});

test('a chat is shown with its children, to its owner', async () => {
  const root = await arrangeChat(fixture, 'waiting');
  const child = await arrangeChat(fixture, 'running', { parentChatId: root.id });
  const shown = await readClientChat(database(), { chatId: root.id, ownerId: fixture.ownerId });
  expect(shown).toMatchObject({
    id: root.id,
    children: [{ id: child.id, parent_chat_id: root.id, children: [] }],
  });
  expect(await readClientChat(database(), { chatId: child.id })).toMatchObject({
    id: child.id,
    children: [],
  });
  expect(await readClientChat(database(), { chatId: root.id, ownerId: fixture.strangerId })).toBeNull();
});

describe('the list', () => {
  const list = async (input: Partial<Parameters<typeof listChats>[1]> = {}) =>
    (await listChats(database(), { ownerId: fixture.ownerId, ...input }))?.map((chat) => chat.id) ?? null;
  const set = (id: string, columns: string) =>
    fixture.test.database.query(testSql(`update chats set ${columns} where id = $1`), [id]);

  async function fiveChats() {
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) {
      const chat = await arrangeChat(fixture, 'waiting');
      await set(
        chat.id,
        `updated_at = timestamptz '2026-01-0${index + 1} 00:00:00.000${index}', title = 'Chat ${index}'`,
      );
      ids.push(chat.id);
    }
    return ids as [string, string, string, string, string];
  }

  test('has pinned chats first, then the latest', async () => {
    const [a, b, c, d, e] = await fiveChats();
    await set(b, 'pin_order = 2');
    await set(c, 'pin_order = 1');
    expect(await list()).toEqual([c, b, e, d, a]);
  });

  test('is paged without holes or repeats, wherever the page ends', async () => {
    const ids = await fiveChats();
    await set(ids[0], 'pin_order = 1');
    await set(ids[1], 'pin_order = 2');
    await set(ids[2], `updated_at = (select updated_at from chats where id = '${ids[3]}')`);
    const all = (await list()) ?? [];
    for (let index = 0; index < all.length; index++)
      expect(await list({ afterId: all[index] ?? '', limit: 2 })).toEqual(all.slice(index + 1, index + 3));
    expect(await list({ offset: 3, limit: 1 })).toEqual(all.slice(3, 4));
    expect(await list({ afterId: fixture.ownerId })).toBeNull();
  });

  test('is filtered by title, labels, unread and archived', async () => {
    const [a, b, c] = await fiveChats();
    await set(a, `labels = '{"team": "x", "env": "dev"}'`);
    await set(b, `labels = '{"team": "x"}'`);
    await set(c, 'answered_version = 5');
    expect(await list({ labels: [['team', 'x']] })).toEqual([b, a]);
    expect(
      await list({
        labels: [
          ['team', 'x'],
          ['env', 'dev'],
        ],
      }),
    ).toEqual([a]);
    expect(await list({ title: 'cHAT 1' })).toEqual([b]);
    expect(await list({ title: '%' })).toEqual([]);
    expect(await list({ hasUnread: true })).toEqual([c]);
    expect(await list({ hasUnread: false })).toHaveLength(4);
    await setArchived(fixture.store, { chatId: c, archived: true });
    expect(await list({ archived: true })).toEqual([c]);
    expect(await list()).not.toContain(c);
    expect(await list({ ownerId: fixture.strangerId })).toEqual([]);
  });

  test('shows children in their root only', async () => {
    const root = await arrangeChat(fixture, 'waiting');
    const children = [
      await arrangeChat(fixture, 'waiting', { parentChatId: root.id }),
      await arrangeChat(fixture, 'waiting', { parentChatId: root.id }),
    ];
    const chats = await listChats(database(), { ownerId: fixture.ownerId });
    expect(chats).toHaveLength(1);
    expect(chats?.[0]?.children.map((child) => child.id)).toEqual(children.map((child) => child.id));
  });
});
