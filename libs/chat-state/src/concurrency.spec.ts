import { readChat } from './reads/read-chat';
import { readMessages } from './reads/read-messages';
import { arrangeChat } from './testing/arrange-chat';
import { attempt } from './testing/attempt';
import { createFixture, testSql, textContent, type Fixture } from './testing/fixture';
import { separate } from './testing/separate';
import { TRANSITION_TABLE, TRANSITIONS } from './transition-table';
import { CHAT_STATES } from './states';
import { acquire } from './transitions/acquire';
import { edit } from './transitions/edit';
import { finishTurn } from './transitions/finish-turn';
import { send } from './transitions/send';
import type { ChatStore } from './types';

let fixture: Fixture | undefined;
afterEach(async () => {
  await fixture?.close();
  fixture = undefined;
});

test('one connection is enough for every transition, and the hot ones are one statement', async () => {
  const own = (fixture = await createFixture({ poolSize: 1 }));
  const hot = new Set<string>(TRANSITIONS);
  for (const cold of ['edit', 'request_compaction', 'clear_context', 'archive', 'unarchive'])
    hot.delete(cold);
  for (const transition of TRANSITIONS) {
    const from = CHAT_STATES.find((state) => TRANSITION_TABLE[state][transition] !== 'refused');
    if (from === undefined) continue;
    const chat = await arrangeChat(own, from, { isOwned: transition !== 'acquire', isDeadlinePassed: true });
    const before = total(own);
    expect(await attempt(own, chat, transition)).toMatchObject({ ok: true });
    // BEGIN, the lock, the statement, COMMIT.
    expect([transition, total(own) - before]).toEqual([transition, hot.has(transition) ? 1 : 4]);
  }
});

const total = (own: Fixture) =>
  [...own.test.database.statementCounts().values()].reduce((sum, count) => sum + count, 0);

test('32 clients on 5 chats lose nothing and double nothing', async () => {
  const own = (fixture = await createFixture({ poolSize: 12 }));
  const chats: string[] = [];
  for (let index = 0; index < 5; index++)
    chats.push((await arrangeChat(own, 'waiting', { isOwned: false, hasOpenCalls: false })).id);
  const accepted = new Map<string, string[]>(chats.map((id) => [id, []]));
  const answers = new Map<string, string[]>(chats.map((id) => [id, []]));

  // What the clients of one process send rides in batches, which race with those of the others.
  const processes = Array.from({ length: 4 }, () => ({
    ...own.store,
    database: separate(own.store.database),
  }));

  /** Two workers fight for the chat; whoever is stale stops, as a worker does. */
  async function work(store: ChatStore, chatId: string, name: string): Promise<void> {
    const head = await acquire(store, { chatId, workerId: own.workerId });
    if (head?.runnerId == null) return;
    const text = `${name} of ${head.version}`;
    const result = await finishTurn(store, {
      fence: { chatId, runnerId: head.runnerId, historyVersion: head.historyVersion },
      messages: [{ role: 'assistant', content: textContent(text) }],
    });
    if (result.ok) answers.get(chatId)?.push(text);
  }

  async function client(number: number): Promise<void> {
    const store = processes[number % processes.length] ?? own.store;
    for (let round = 0; round < 12; round++) {
      const chatId = chats[(number + round) % chats.length] ?? '';
      const text = `message ${number}.${round}`;
      const result = await send(store, {
        chatId,
        ownerId: own.ownerId,
        content: textContent(text),
        busyBehavior: 'queue',
      });
      if (result.ok) accepted.get(chatId)?.push(text);
      else expect(result.reason).toBe('queue_full');
      await work(store, chatId, `answer ${number}.${round}`);
    }
  }

  await Promise.all(Array.from({ length: 32 }, (_, number) => client(number)));
  for (const chatId of chats) {
    while ((await readChat(own.store.database, { chatId }))?.status === 'running')
      await work(own.store, chatId, 'last');
    const { messages } = await readMessages(own.store.database, { chatId, afterId: 0, limit: 10_000 });
    const texts = (role: string) =>
      messages
        .filter((message) => message.role === role)
        .map((message) => (message.content[0] as { text: string }).text);
    const arranged = { user: ['first question', 'second question'], assistant: ['first answer'] };
    expect(texts('user').sort()).toEqual([...arranged.user, ...(accepted.get(chatId) ?? [])].sort());
    expect(texts('assistant').sort()).toEqual([...arranged.assistant, ...(answers.get(chatId) ?? [])].sort());
  }
}, 60_000);

test('an edit that waited for the lock sees what was committed meanwhile', async () => {
  const own = (fixture = await createFixture({ poolSize: 4 }));

  for (let round = 0; round < 20; round++) {
    const chat = await arrangeChat(own, 'running', { hasOpenCalls: false });
    const fence = { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion };
    const [finished, edited] = await Promise.all([
      finishTurn(own.store, { fence, messages: [{ role: 'assistant', content: textContent('late') }] }),
      edit(own.store, {
        chatId: chat.id,
        ownerId: own.ownerId,
        messageId: chat.userMessageId,
        content: textContent('edited'),
      }),
    ]);
    expect(edited.ok).toBe(true);
    const { messages } = await readMessages(own.store.database, { chatId: chat.id, limit: 10 });
    expect(messages[0]?.content).toEqual(textContent('edited'));
    // Whether the answer came first or too late: nobody sees it any more.
    expect(JSON.stringify(messages)).not.toContain('late');
    const [stored] = await own.test.database.query<{ count: number }>(
      testSql(`select count(*) from chat_messages where chat_id = $1 and content::text like '%late%'`),
      [chat.id],
    );
    expect(stored?.count).toBe(finished.ok ? 1 : 0);
  }
});
