/** What stops calls: both kinds of rate limit, no token, a token that was revoked, an unknown host, a failing one. */
import type { GitsyncApp } from './gitsync-app';
import { GitsyncFixture, OWNER, REPO } from './testing/gitsync-fixture';

const MINUTE = 60_000;
let fixture: GitsyncFixture;
let gitsync: GitsyncApp;

beforeEach(async () => {
  fixture = await GitsyncFixture.open();
  gitsync = fixture.addReplica();
});
afterEach(async () => {
  await fixture.close();
  // Not one call before the time that GitHub named.
  expect(fixture.github.violations).toEqual([]);
});

const openPull = (number: number, headBranch: string) =>
  fixture.github.openPull({ owner: OWNER, repo: REPO, number, headBranch });
const statusesOfCalls = () => fixture.github.takeCalls().map(({ status }) => status);
async function tickAfter(ms: number): Promise<void> {
  await fixture.clock.advance(ms);
  await gitsync.worker.tick();
}

describe('rate limits', () => {
  test('at the primary limit an account waits for its reset and five minutes more; others go on', async () => {
    const { github, clock } = fixture;
    const [limited, free] = [await fixture.addUser('limited'), await fixture.addUser('free')];
    const chats: string[] = [];
    for (const number of [1, 2, 3]) {
      openPull(number, `b${number}`);
      chats.push(await fixture.addBranch(limited, `b${number}`));
    }
    const freeChat = await fixture.addBranch(free, 'b1');
    github.leave('limited', 0, clock.now() + 20 * MINUTE);
    await gitsync.worker.tick();
    for (const chatId of chats) expect(await fixture.dueInMs(chatId)).toBe(25 * MINUTE);
    expect(await fixture.status(freeChat)).toMatchObject({ pull_request_state: 'open' });

    // A push meanwhile does not make the account ask, in this process or another one.
    github.takeCalls();
    await fixture.push(chats[0] ?? '', limited, 'b1');
    await fixture.addReplica().worker.tick();
    expect(github.takeCalls().filter(({ login }) => login === 'limited')).toEqual([]);
    await clock.advance(25 * MINUTE);
    await gitsync.worker.tick();
    for (const chatId of chats)
      expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
  });

  test.each([403, 429] as const)(
    'a secondary limit (%s) is waited out by its Retry-After and five minutes',
    async (status) => {
      const userId = await fixture.addUser('token');
      openPull(1, 'b');
      const chatId = await fixture.addBranch(userId, 'b');
      fixture.github.limitSecondary('token', { retryAfterSeconds: 90, status });
      await gitsync.worker.tick();
      expect(statusesOfCalls()).toEqual([status]);
      expect(await fixture.dueInMs(chatId)).toBe(6.5 * MINUTE);
      await tickAfter(6.5 * MINUTE - 1);
      expect(statusesOfCalls()).toEqual([]);
      await tickAfter(1);
      expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
    },
  );

  test('of many rows of a limited account only those already asking find out', async () => {
    const userId = await fixture.addUser('token');
    for (let index = 0; index < 40; index += 1) await fixture.addBranch(userId, `b${index}`);
    fixture.github.leave('token', 0, fixture.clock.now() + MINUTE);
    await gitsync.worker.tick();
    const { length } = statusesOfCalls();
    expect(length).toBeGreaterThan(0);
    expect(length).toBeLessThanOrEqual(10);
  });

  test('304s do not count against the primary limit', async () => {
    const userId = await fixture.addUser('token');
    openPull(1, 'b');
    const chatId = await fixture.addBranch(userId, 'b');
    await gitsync.worker.tick();
    // One is left: a poll that asked unconditionally would need two.
    fixture.github.leave('token', 1, fixture.clock.now() + 60 * MINUTE);
    for (let poll = 0; poll < 5; poll += 1) await tickAfter(2 * MINUTE);
    expect(statusesOfCalls().slice(3)).toEqual(Array(10).fill(304));
    expect(await fixture.dueInMs(chatId)).toBe(2 * MINUTE);
  });
});

describe('tokens', () => {
  test('without a linked account a chat is tried again after ten minutes, and no call is made', async () => {
    const userId = await fixture.addUser(null);
    const chatId = await fixture.addBranch(userId, 'b');
    await gitsync.worker.tick();
    expect(await fixture.dueInMs(chatId)).toBe(10 * MINUTE);
    expect(statusesOfCalls()).toEqual([]);
    expect(await gitsync.worker.refreshDiff(chatId)).toMatchObject({ result: 'no_token' });
  });

  test('a revoked token is marked, left alone for ten minutes, and forgiven when it works again', async () => {
    const { github } = fixture;
    const userId = await fixture.addUser('token');
    openPull(1, 'b');
    const chats = [await fixture.addBranch(userId, 'b'), await fixture.addBranch(userId, 'c')];
    github.revoke('token');
    await fixture.clock.advance(1_000);
    await gitsync.worker.tick();
    expect(statusesOfCalls().every((status) => status === 401)).toBe(true);
    for (const chatId of chats) expect(await fixture.dueInMs(chatId)).toBe(10 * MINUTE);
    expect((await fixture.links(userId))[0]).toMatchObject({ status: 'rejected' });
    // Marked anew, by whatever replica: still not asked for.
    await fixture.push(chats[0] ?? '', userId, 'b');
    await fixture.addReplica().worker.tick();
    expect(statusesOfCalls()).toEqual([]);
    expect(await gitsync.worker.refreshDiff(chats[1] ?? '')).toMatchObject({ result: 'token_rejected' });

    github.addToken('token', 'octocat');
    await tickAfter(10 * MINUTE);
    expect(await fixture.status(chats[0] ?? '')).toMatchObject({ pull_request_state: 'open' });
    expect((await fixture.links(userId))[0]).toMatchObject({ status: 'linked' });
  });

  test('a newly linked token is used at once', async () => {
    const userId = await fixture.addUser('old');
    openPull(1, 'b');
    const chatId = await fixture.addBranch(userId, 'b');
    fixture.github.revoke('old');
    await gitsync.worker.tick();
    await fixture.link(userId, 'new');
    await fixture.push(chatId, userId, 'b');
    await gitsync.worker.tick();
    expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
  });
});

describe('hosts', () => {
  test('one that is not configured is never called; the row is tried again after ten minutes', async () => {
    const userId = await fixture.addUser();
    const chatId = await fixture.addChat(userId);
    await fixture.push(chatId, userId, 'b', 'git@git.example.com:o/r.git');
    await gitsync.worker.tick();
    expect(await fixture.dueInMs(chatId)).toBe(10 * MINUTE);
    expect(await gitsync.worker.refreshDiff(chatId)).toEqual({ result: 'unknown_provider' });
  });

  test('one that cannot be reached, or does not know the repository, is asked again after two minutes', async () => {
    const userId = await fixture.addUser();
    const chatId = await fixture.addChat(userId);
    await fixture.push(chatId, userId, 'b', `${fixture.github.origin}/${OWNER}/unknown`);
    await gitsync.worker.tick();
    expect(await fixture.dueInMs(chatId)).toBe(2 * MINUTE);
    expect(await gitsync.worker.refreshDiff(chatId)).toEqual({ result: 'not_found' });
    await fixture.push(chatId, userId, 'b');
    await fixture.github.stop();
    expect(await gitsync.worker.refreshDiff(chatId)).toEqual({ result: 'provider_failed' });
    expect(await fixture.dueInMs(chatId)).toBe(2 * MINUTE);
    expect(fixture.logs.join()).not.toContain('token-');
  });
});
