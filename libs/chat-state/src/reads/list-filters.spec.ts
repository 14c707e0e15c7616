import { arrangeChat } from '../testing/arrange-chat';
import { createFixture, testSql, type Fixture } from '../testing/fixture';
import { listChats, type ListChatsInput } from './list-chats';
import type { PullRequestFilter } from './list-filters';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterEach(() => fixture.test.database.query(testSql('delete from chats'), []));
afterAll(() => fixture.close());

const list = async (input: Partial<ListChatsInput>) =>
  (await listChats(fixture.store.database, { ownerId: fixture.ownerId, ...input }))?.map(({ id }) => id);

const updated = (id: string, day: number) =>
  fixture.test.database.query(testSql('update chats set updated_at = $2 where id = $1'), [
    id,
    `2026-01-0${day}`,
  ]);

const report = (chatId: string, pullRequest: Record<string, unknown>) =>
  fixture.test.database.query(
    testSql(`insert into chat_diff_statuses (chat_id, chat_created_at, git_branch, git_remote_origin, git_repository, url,
      pull_request_state, pull_request_draft, pull_request_title, pr_number, stale_at, marked_at)
    select $1, now(), 'fix', 'origin', coalesce(x ->> 'repository', 'git.test/acme/app'), x ->> 'url', x ->> 'state',
      coalesce((x ->> 'draft')::boolean, false), coalesce(x ->> 'title', ''), (x ->> 'number')::integer, now(), now()
    from (select $2::jsonb as x) given`),
    [chatId, JSON.stringify(pullRequest)],
  );

async function chatsOfEachStatus() {
  const ids: string[] = [];
  const reported: (Record<string, unknown> | null)[] = [
    { state: 'open', draft: true, number: 1, url: 'https://git.test/acme/app/pull/1', title: 'Add the door' },
    { state: 'open', number: 2, url: 'https://git.test/acme/app/pull/2', title: 'Paint 100%' },
    { state: 'merged', draft: true, number: 2, repository: 'git.test/acme/my-app', title: 'add a window' },
    { state: 'closed', number: 4, repository: 'other.test/acme/app' },
    { repository: 'git.test/big/app' },
    null,
  ];
  for (const [index, pullRequest] of reported.entries()) {
    const { id } = await arrangeChat(fixture, 'waiting');
    await updated(id, 9 - index);
    if (pullRequest !== null) await report(id, pullRequest);
    ids.push(id);
  }
  return ids;
}

test('chats are found by what is known of their pull request', async () => {
  const ids = await chatsOfEachStatus();
  const found = async (pullRequest: PullRequestFilter) =>
    (await list({ pullRequest }))?.map((id) => ids.indexOf(id));
  expect(await found({ statuses: ['draft'] })).toEqual([0]);
  expect(await found({ statuses: ['open'] })).toEqual([1]);
  expect(await found({ statuses: ['closed', 'merged'] })).toEqual([2, 3]);
  expect(await found({ statuses: ['draft', 'open', 'merged', 'closed'] })).toEqual([0, 1, 2, 3]);
  expect(await found({ number: 2 })).toEqual([1, 2]);
  expect(await found({ number: 2, statuses: ['merged'] })).toEqual([2]);
  expect(await found({ url: 'https://git.test/acme/app/pull/2' })).toEqual([1]);
  expect(await found({ url: 'https://git.test/acme/app/pull/2/' })).toEqual([1]);
  expect(await found({ url: 'https://git.test/acme/app/pull' })).toEqual([]);
  expect(await found({ title: 'ADD' })).toEqual([0, 2]);
  expect(await found({ title: '%' })).toEqual([1]);
});

test.each([
  ['acme/app', [0, 1, 3]],
  ['app', [0, 1, 3, 4]],
  ['Git.test/Acme/App', [0, 1]],
  ['https://git.test/acme/app.git', [0, 1]],
  ['https://git.test/acme/my-app/', [2]],
  ['me/app', []],
  ['_', []],
])('the repository %s', async (repository, expected) => {
  const ids = await chatsOfEachStatus();
  expect((await list({ pullRequest: { repository } }))?.map((id) => ids.indexOf(id))).toEqual(expected);
});

test('a root is found by the pull request of a child, and two pull requests of a family are not mixed', async () => {
  const root = await arrangeChat(fixture, 'waiting');
  const children = [
    await arrangeChat(fixture, 'waiting', { parentChatId: root.id }),
    await arrangeChat(fixture, 'waiting', { parentChatId: root.id }),
  ];
  await report(children[0]?.id ?? '', { state: 'open', number: 1 });
  await report(children[1]?.id ?? '', { state: 'merged', number: 2 });
  expect(await list({ pullRequest: { number: 1 } })).toEqual([root.id]);
  expect(await list({ pullRequest: { number: 2, statuses: ['merged'] } })).toEqual([root.id]);
  expect(await list({ pullRequest: { number: 1, statuses: ['merged'] } })).toEqual([]);
});

test('filters, labels and the cursor hold together, page by page', async () => {
  const ids = await chatsOfEachStatus();
  await fixture.test.database.query(testSql(`update chats set labels = '{"team": "x", "env": "dev"}'`), []);
  const all = { labels: [['team', 'x'] as const, ['env', 'dev'] as const], pullRequest: { title: '' } };
  const wanted = ids.slice(0, 5);
  expect(await list(all)).toEqual(wanted);
  for (const [index, afterId] of wanted.entries())
    expect(await list({ ...all, afterId, limit: 2 })).toEqual(wanted.slice(index + 1, index + 3));
  expect(await list({ ...all, offset: 3 })).toEqual(wanted.slice(3));
  expect(await list({ labels: [['team', 'x'] as const, ['team', 'y'] as const] })).toEqual([]);
  expect(await list({ labels: [['team', 'x'] as const, ['team', 'x'] as const] })).toHaveLength(6);
});

test('nobody shares a chat, so all are created by their owner', async () => {
  const { id } = await arrangeChat(fixture, 'waiting');
  expect(await list({ source: 'created_by_me' })).toEqual([id]);
  expect(await list({ source: 'shared_with_me' })).toEqual([]);
});
