/** Exchanging expiring tokens: early, once, and by one replica. */
import type { GitsyncApp } from '../gitsync-app';
import { GitsyncFixture, OWNER, REPO } from '../testing/gitsync-fixture';

const MINUTE = 60_000;
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

const EXCHANGE = '/login/oauth/access_token';
const exchanges = () => fixture.github.calls.filter(({ path }) => path === EXCHANGE).length;
const next = { access_token: 'second', refresh_token: 'refresh-2', expires_in: 8 * 60 * 60 };

async function chatWithTokenExpiringIn(ms: number): Promise<{ userId: string; chatId: string }> {
  const expiresAt = new Date(fixture.clock.now() + ms);
  const userId = await fixture.addUser({ accessToken: 'first', refreshToken: 'refresh-1', expiresAt });
  fixture.github.openPull({ owner: OWNER, repo: REPO, number: 1, headBranch: 'b' });
  return { userId, chatId: await fixture.addBranch(userId, 'b') };
}

test('a token is exchanged before it expires, and the next one is stored with its own refresh token', async () => {
  const { chatId } = await chatWithTokenExpiringIn(9 * MINUTE);
  fixture.github.exchanges.set('refresh-1', next);
  await gitsync.worker.tick();
  expect(exchanges()).toBe(1);
  expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
  // The old one is gone, and the new one lasts: nothing is exchanged again until it is near its end.
  fixture.github.revoke('first');
  await fixture.clock.advance(60 * MINUTE);
  await gitsync.worker.tick();
  expect(exchanges()).toBe(1);
  fixture.github.exchanges.set('refresh-2', { ...next, access_token: 'third', refresh_token: 'refresh-3' });
  await fixture.clock.advance(7 * 60 * MINUTE - MINUTE);
  await gitsync.worker.tick();
  expect(exchanges()).toBe(2);
  expect(await fixture.dueInMs(chatId)).toBe(2 * MINUTE);
});

test('of several replicas one exchanges; the others go on with the old token', async () => {
  const { userId } = await chatWithTokenExpiringIn(9 * MINUTE);
  const chats: string[] = [];
  for (let index = 0; index < 3; index += 1) chats.push(await fixture.addBranch(userId, 'b'));
  fixture.github.exchanges.set('refresh-1', next);
  const replicas = [gitsync, fixture.addReplica(), fixture.addReplica()];
  await Promise.all(replicas.map(({ worker }, index) => worker.refreshChat(chats[index] ?? '')));
  expect(exchanges()).toBe(1);
  for (const chatId of chats)
    expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
});

test('an expired token that another replica exchanges is waited for', async () => {
  const { userId, chatId } = await chatWithTokenExpiringIn(-MINUTE);
  const secondChat = await fixture.addBranch(userId, 'b');
  fixture.github.exchanges.set('refresh-1', next);
  let open = (): void => undefined;
  fixture.github.gate = new Promise((resolve) => (open = resolve));
  const first = gitsync.worker.refreshChat(chatId);
  await fixture.waitForCallInFlight();
  await fixture.addReplica().worker.refreshChat(secondChat);
  expect(await fixture.dueInMs(secondChat)).toBe(15_000);
  open();
  await first;
  expect(exchanges()).toBe(1);
  expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
});

test('a refused refresh token does no harm while the old token lasts, and then asks the user to link again', async () => {
  const { userId, chatId } = await chatWithTokenExpiringIn(5 * MINUTE);
  await gitsync.worker.tick();
  expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
  expect((await fixture.links(userId))[0]).toMatchObject({ status: 'linked' });
  await fixture.clock.advance(5 * MINUTE);
  await gitsync.worker.tick();
  expect(await fixture.dueInMs(chatId)).toBe(10 * MINUTE);
  expect((await fixture.links(userId))[0]).toMatchObject({ status: 'rejected' });
});

test('a user who links anew during an exchange keeps the new token', async () => {
  const { userId, chatId } = await chatWithTokenExpiringIn(-MINUTE);
  fixture.github.exchanges.set('refresh-1', next);
  let open = (): void => undefined;
  fixture.github.gate = new Promise((resolve) => (open = resolve));
  const refresh = gitsync.worker.refreshChat(chatId);
  await fixture.waitForCallInFlight();
  await fixture.link(userId, 'linked-by-hand');
  open();
  await refresh;
  fixture.github.revoke('second');
  await fixture.push(chatId, userId, 'b');
  await gitsync.worker.tick();
  expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
});
