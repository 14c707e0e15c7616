import { arrangeChat } from '../testing/arrange-chat';
import { createFixture, testSql, textContent, type Fixture } from '../testing/fixture';
import { listChats, type ListChatsInput } from './list-chats';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.test.database.query(testSql('delete from chats'), []));
afterAll(() => fixture.close());

const list = async (input: Partial<ListChatsInput>) =>
  (await listChats(fixture.store.database, { ownerId: fixture.ownerId, ...input }))?.map(({ id }) => id);
const find = (search: string) => list({ search });

const add = (chatId: string, content: unknown, columns: { role?: string; visibility?: string } = {}) =>
  fixture.test.database.query(
    testSql(
      `insert into chat_messages (chat_id, revision, role, content, visibility) values ($1, 9, $2, $3, $4)`,
    ),
    [chatId, columns.role ?? 'assistant', JSON.stringify(content), columns.visibility ?? 'both'],
  );

test('a chat is found by words of its messages and titles, in any of their forms', async () => {
  const { id } = await arrangeChat(fixture, 'waiting');
  await arrangeChat(fixture, 'waiting');
  await add(id, [...textContent('The pipes were broken'), ...textContent('by frost')]);
  for (const search of [
    'pipe',
    'BREAKING or broken pipes',
    'frost the pipes',
    '"pipes were broken"',
    '-frost',
  ])
    expect([search, await find(search)]).toEqual([search, [id]]);
  for (const search of ['"broken pipes"', 'pipe question', 'pip', '%', "'"])
    expect([search, await find(search)]).toEqual([search, []]);
  await fixture.test.database.query(testSql(`update chats set title = 'Doors' where id = $1`), [id]);
  expect(await find('door')).toEqual([id]);
  expect(await list({ search: 'door', ownerId: fixture.strangerId })).toEqual([]);
  expect(await list({ search: 'door', archived: true })).toEqual([]);
});

test.each(['the', 'the and of', '"it is"', '-', '!', '""'])(
  '%j has no word to find, so nothing is found',
  async (search) => {
    await arrangeChat(fixture, 'waiting');
    expect(await find(search)).toEqual([]);
  },
);

test('what people do not see is not searched: system, tools, deleted, for the model alone', async () => {
  const { id } = await arrangeChat(fixture, 'waiting');
  await add(id, textContent('zebra'), { visibility: 'model' });
  await add(id, textContent('zebra'), { role: 'system' });
  await add(id, [{ type: 'reasoning', text: 'zebra' }]);
  await add(id, [{ type: 'tool-result', tool_call_id: 'zebra', output: 'zebra' }], { role: 'tool' });
  await fixture.test.database.query(
    testSql(
      `update chat_messages set deleted = true where chat_id = $1 and content::text like '%first question%'`,
    ),
    [id],
  );
  expect(await find('zebra')).toEqual([]);
  expect(await find('"first question"')).toEqual([]);
  expect(await find(id)).toEqual([]);
});

test('a root is found by what its child said', async () => {
  const root = await arrangeChat(fixture, 'waiting');
  const child = await arrangeChat(fixture, 'waiting', { parentChatId: root.id });
  await add(child.id, textContent('giraffe'));
  expect(await find('giraffes')).toEqual([root.id]);
});

test('the longest message can be stored, and is found by its beginning', async () => {
  const { id } = await arrangeChat(fixture, 'waiting');
  const words = Array.from({ length: 300_000 }, (_, index) => `w${index}`).join(' ');
  await add(id, [
    { type: 'text', text: words },
    { type: 'text', text: 'ending' },
  ]);
  expect(await find('w77')).toEqual([id]);
  expect(await find('ending')).toEqual([]);
});
