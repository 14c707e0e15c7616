import { eventually } from '@parley/testing';
import type { GitsyncApp } from './gitsync-app';
import { GitsyncFixture, OWNER, REPO } from './testing/gitsync-fixture';

let fixture: GitsyncFixture;
let gitsync: GitsyncApp;

beforeEach(async () => {
  fixture = await GitsyncFixture.open();
  gitsync = fixture.addReplica();
});
afterEach(async () => {
  await fixture.close();
  expect(fixture.github.violations).toEqual([]);
});

const tickAfter = async (ms: number): Promise<number> => {
  await fixture.clock.advance(ms);
  return gitsync.worker.tick();
};
const paths = () => fixture.github.takeCalls().map(({ path, status }) => `${status} ${path}`);
const eventKinds = () =>
  fixture.events
    .splice(0)
    .map(({ kind, chat }) => `${kind} ${chat.diff_status?.pull_request_state ?? 'none'}`);

describe('the whole life of a pull request', () => {
  test('branch, draft, open, reviews, changes requested, approved, merged', async () => {
    const { github } = fixture;
    const userId = await fixture.addUser('secret-token');
    const chatId = await fixture.addBranch(userId, 'feature/one');
    const pulls = `/repos/${OWNER}/${REPO}/pulls`;
    const list = `${pulls}?state=open&head=${OWNER}%3Afeature%2Fone&sort=updated&direction=desc&per_page=1`;

    expect(await fixture.status(chatId)).toMatchObject({
      url: `https://${new URL(github.origin).host}/${OWNER}/${REPO}/tree/feature/one`,
      head_branch: 'feature/one',
      pull_request_title: '',
    });

    // There is no pull request yet: asked for again soon, and not an event.
    expect(await gitsync.worker.tick()).toBe(1);
    expect(paths()).toEqual([`200 ${list}`]);
    expect(await fixture.dueInMs(chatId)).toBe(15_000);
    expect(eventKinds()).toEqual([]);

    const pull = github.openPull({
      owner: OWNER,
      repo: REPO,
      number: 7,
      headBranch: 'feature/one',
      draft: true,
    });
    expect(await tickAfter(15_000)).toBe(1);
    expect(paths()).toEqual([`200 ${list}`, `200 ${pulls}/7`, `200 ${pulls}/7/reviews?per_page=100`]);
    expect(await fixture.status(chatId)).toMatchObject({
      url: `${github.origin}/${OWNER}/${REPO}/pull/7`,
      pull_request_state: 'open',
      pull_request_draft: true,
      pull_request_title: 'A change',
      pr_number: 7,
      author_login: 'octocat',
      base_branch: 'main',
      approved: false,
      reviewer_count: 0,
    });
    expect(await fixture.dueInMs(chatId)).toBe(120_000);
    await eventually(() => expect(eventKinds()).toEqual(['diff_status_change open']));

    // Nothing changed: conditional requests, no event.
    expect(await tickAfter(119_999)).toBe(0);
    expect(await tickAfter(1)).toBe(1);
    expect(paths()).toEqual([`304 ${pulls}/7`, `304 ${pulls}/7/reviews?per_page=100`]);
    expect(eventKinds()).toEqual([]);

    Object.assign(pull, { draft: false, additions: 40, deletions: 2, commits: 3, changedFiles: 4 });
    pull.reviews.push({ id: 1, login: 'Ada', state: 'CHANGES_REQUESTED' });
    pull.reviews.push({ id: 2, login: 'ada', state: 'COMMENTED' });
    await tickAfter(120_000);
    expect(await fixture.status(chatId)).toMatchObject({
      pull_request_draft: false,
      changes_requested: true,
      approved: false,
      reviewer_count: 1,
      additions: 40,
      deletions: 2,
      commits: 3,
      changed_files: 4,
    });

    pull.reviews.push({ id: 3, login: 'ADA', state: 'APPROVED' });
    await tickAfter(120_000);
    expect(await fixture.status(chatId)).toMatchObject({
      changes_requested: false,
      approved: true,
      reviewer_count: 1,
    });

    Object.assign(pull, { state: 'closed', merged: true });
    await tickAfter(120_000);
    expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'merged', approved: true });
    expect(await fixture.dueInMs(chatId)).toBe(60 * 60_000);
    await eventually(() =>
      expect(eventKinds()).toEqual([
        'diff_status_change open',
        'diff_status_change open',
        'diff_status_change merged',
      ]),
    );
  });

  test('a closed pull request is followed, and replaced by the next one of its branch', async () => {
    const { github } = fixture;
    const userId = await fixture.addUser();
    const first = github.openPull({ owner: OWNER, repo: REPO, number: 1, headBranch: 'b' });
    const chatId = await fixture.addBranch(userId, 'b');
    await gitsync.worker.tick();
    first.state = 'closed';
    await tickAfter(120_000);
    expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'closed', pr_number: 1 });
    await tickAfter(120_000);
    github.openPull({ owner: OWNER, repo: REPO, number: 2, headBranch: 'b' });
    await fixture.push(chatId, userId, 'b');
    await gitsync.worker.tick();
    expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open', pr_number: 2 });
  });

  test('a pull request whose branch was changed is cleared, and looked for again after 15 s', async () => {
    const { github } = fixture;
    const userId = await fixture.addUser();
    const pull = github.openPull({ owner: OWNER, repo: REPO, number: 1, headBranch: 'b' });
    const chatId = await fixture.addBranch(userId, 'b');
    await gitsync.worker.tick();
    await eventually(() => expect(eventKinds()).toEqual(['diff_status_change open']));
    pull.headBranch = 'renamed';
    await tickAfter(120_000);
    const cleared = await fixture.status(chatId);
    expect(cleared).not.toHaveProperty('pull_request_state');
    expect(cleared).toMatchObject({ head_branch: 'b', additions: 0, pull_request_title: '' });
    expect(await fixture.dueInMs(chatId)).toBe(15_000);
    await eventually(() => expect(eventKinds()).toEqual(['diff_status_change none']));
  });

  test('a branch without a pull request is asked for every 15 s for two minutes, then every five', async () => {
    const userId = await fixture.addUser();
    const chatId = await fixture.addBranch(userId, 'b');
    let quick = 0;
    for (await gitsync.worker.tick(); (await fixture.dueInMs(chatId)) === 15_000; await tickAfter(15_000))
      quick += 1;
    expect(quick).toBe(8);
    expect(await fixture.dueInMs(chatId)).toBe(5 * 60_000);
    await fixture.push(chatId, userId, 'b');
    await gitsync.worker.tick();
    expect(await fixture.dueInMs(chatId)).toBe(15_000);
  });

  test('another branch of the chat forgets the pull request of the first', async () => {
    const { github } = fixture;
    const userId = await fixture.addUser();
    github.openPull({ owner: OWNER, repo: REPO, number: 1, headBranch: 'b' });
    const chatId = await fixture.addBranch(userId, 'b');
    await gitsync.worker.tick();
    await fixture.push(chatId, userId, 'c');
    expect(await fixture.status(chatId)).not.toHaveProperty('pull_request_state');
    expect(await fixture.status(chatId)).toMatchObject({ head_branch: 'c' });
  });

  test('an archived chat is left alone', async () => {
    const userId = await fixture.addUser();
    const chatId = await fixture.addBranch(userId, 'b');
    await fixture.archive(chatId);
    expect(await gitsync.worker.tick()).toBe(0);
    expect(fixture.github.calls).toEqual([]);
  });
});

test('the diff is that of the branch, then that of its pull request', async () => {
  const { github } = fixture;
  const userId = await fixture.addUser();
  const chatId = await fixture.addBranch(userId, 'b');
  expect(await gitsync.worker.refreshDiff(chatId)).toEqual({ result: 'refreshed' });
  expect(await fixture.diff(chatId)).toBe('diff of b');
  github.openPull({ owner: OWNER, repo: REPO, number: 1, headBranch: 'b', diff: 'diff of the pull\u0000' });
  expect(await gitsync.worker.refreshDiff(chatId)).toEqual({ result: 'refreshed' });
  expect(await fixture.diff(chatId)).toBe('diff of the pull\uFFFD');
  // JSON and diff of one address are kept apart, and both are asked for conditionally.
  github.takeCalls();
  expect(await gitsync.worker.refreshDiff(chatId)).toEqual({ result: 'refreshed' });
  expect(github.takeCalls().map(({ status }) => status)).toEqual([304, 304, 304]);
});

test('a diff of more than 4 MiB is refused, and the status is recorded all the same', async () => {
  const { github } = fixture;
  const userId = await fixture.addUser();
  const diff = 'x'.repeat(4 * 1024 * 1024 + 1);
  github.openPull({ owner: OWNER, repo: REPO, number: 1, headBranch: 'b', diff });
  const chatId = await fixture.addBranch(userId, 'b');
  expect(await gitsync.worker.refreshDiff(chatId)).toEqual({ result: 'too_large' });
  expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
  expect(await gitsync.worker.refreshDiff(await fixture.addChat(userId))).toEqual({ result: 'no_git_ref' });
});
