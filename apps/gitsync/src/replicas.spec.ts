/** Several replicas: no row is asked for by two of them, and what one leaves behind another takes up. */
import { eventually } from '@parley/testing';
import { claimDue } from '@parley/diff-status';
import { subjects } from '@parley/contracts';
import { randomUUID } from 'node:crypto';
import { GitsyncFixture, OWNER, REPO } from './testing/gitsync-fixture';

const MINUTE = 60_000;
let fixture: GitsyncFixture;

beforeEach(async () => {
  fixture = await GitsyncFixture.open();
});
afterEach(async () => {
  await fixture.close();
  expect(fixture.github.violations).toEqual([]);
});

const openPull = (number: number, headBranch: string) =>
  fixture.github.openPull({ owner: OWNER, repo: REPO, number, headBranch });

function gate(): () => void {
  let open = (): void => undefined;
  fixture.github.gate = new Promise((resolve) => (open = resolve));
  return () => open();
}

test('three replicas share 120 due rows and call once for each', async () => {
  const userId = await fixture.addUser();
  const chats: string[] = [];
  for (let number = 1; number <= 120; number += 1) {
    openPull(number, `b${number}`);
    chats.push(await fixture.addBranch(userId, `b${number}`));
  }
  const replicas = [fixture.addReplica(), fixture.addReplica(), fixture.addReplica()];
  const jobs = replicas.flatMap(({ worker }, replica) =>
    chats.slice(replica * 10, replica * 10 + 10).map((chatId) => worker.refreshChat(chatId)),
  );
  const counts = await Promise.all(replicas.map(({ worker }) => worker.tick()));
  await Promise.all(jobs);
  expect(counts.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(90);
  const calls = fixture.github.takeCalls().map(({ path }) => path);
  expect(calls).toHaveLength(360);
  expect(new Set(calls).size).toBe(360);
  for (const chatId of chats) expect(await fixture.dueInMs(chatId)).toBe(2 * MINUTE);
}, 60_000);

test('one replica never has more than ten calls in flight', async () => {
  const userId = await fixture.addUser();
  for (let index = 0; index < 25; index += 1) await fixture.addBranch(userId, `b${index}`);
  const { github } = fixture;
  const open = gate();
  const tick = fixture.addReplica().worker.tick();
  await eventually(() => expect(github.inFlight).toBe(10));
  open();
  await tick;
  expect(github.maxInFlight).toBe(10);
  expect(github.calls).toHaveLength(25);
});

test('a mark during a refresh starts no second one beside it, and is answered after it', async () => {
  const userId = await fixture.addUser();
  const pull = openPull(1, 'b');
  const chatId = await fixture.addBranch(userId, 'b');
  const [first, second] = [fixture.addReplica(), fixture.addReplica()];
  const open = gate();
  const refresh = first.worker.refreshChat(chatId);
  await fixture.waitForCallInFlight();
  await fixture.push(chatId, userId, 'b');
  await second.worker.refreshChat(chatId);
  expect(await second.worker.tick()).toBe(0);
  pull.title = 'Changed';
  open();
  await refresh;
  expect(fixture.github.maxInFlight).toBe(1);
  expect(await fixture.status(chatId)).toMatchObject({ pull_request_title: 'Changed' });
  expect(await fixture.dueInMs(chatId)).toBe(2 * MINUTE);
});

test('a push to another branch during a refresh is not overwritten by it', async () => {
  const userId = await fixture.addUser();
  openPull(1, 'old');
  const chatId = await fixture.addBranch(userId, 'old');
  const open = gate();
  const refresh = fixture.addReplica().worker.refreshChat(chatId);
  await fixture.waitForCallInFlight();
  await fixture.push(chatId, userId, 'new');
  open();
  await refresh;
  const status = await fixture.status(chatId);
  expect(status).toMatchObject({ head_branch: 'new' });
  expect(status).not.toHaveProperty('pull_request_state');
  expect(await fixture.dueInMs(chatId)).toBeLessThan(0);
});

test('the rows of a replica that died are due again after five minutes', async () => {
  const userId = await fixture.addUser();
  openPull(1, 'b');
  const chatId = await fixture.addBranch(userId, 'b');
  const now = new Date(fixture.clock.now());
  const { claims } = await claimDue(fixture.database, { claimId: randomUUID(), now, limit: 10 });
  expect(claims).toHaveLength(1);
  const survivor = fixture.addReplica();
  await fixture.clock.advance(5 * MINUTE - 1);
  expect(await survivor.worker.tick()).toBe(0);
  await fixture.clock.advance(1);
  expect(await survivor.worker.tick()).toBe(1);
  expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
});

test('a stopping replica gives its rows back at once', async () => {
  const userId = await fixture.addUser();
  openPull(1, 'b');
  const chatId = await fixture.addBranch(userId, 'b');
  const [leaving, staying] = [fixture.addReplica(), fixture.addReplica()];
  const open = gate();
  const tick = leaving.worker.tick();
  await fixture.waitForCallInFlight();
  await leaving.stop();
  await tick;
  open();
  expect(await staying.worker.tick()).toBe(1);
  expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
});

test('the loop ticks every ten seconds, and a job is answered without waiting for it', async () => {
  const userId = await fixture.addUser();
  const app = fixture.addReplica();
  await app.start(null);
  await fixture.clock.waitForSleeper('gitsync-tick');
  openPull(1, 'b');
  openPull(2, 'c');
  const [byTick, byJob] = [await fixture.addBranch(userId, 'b'), await fixture.addBranch(userId, 'c')];
  await fixture.bus.workQueue(subjects.gitRefreshRequested()).add({ chat_id: byJob }, { messageId: 'job' });
  await eventually(async () => expect(await fixture.status(byJob)).toMatchObject({ pr_number: 2 }));
  expect(await fixture.status(byTick)).not.toHaveProperty('pr_number');
  await fixture.clock.advance(10_000);
  await eventually(async () => expect(await fixture.status(byTick)).toMatchObject({ pr_number: 1 }));
  await app.stop();
  await fixture.testDatabase.assertNoLeaks();
});

test('a tick works through many archived chats without asking for them', async () => {
  const userId = await fixture.addUser();
  for (let index = 0; index < 120; index += 1) {
    await fixture.archive(await fixture.addBranch(userId, `old${index}`));
  }
  openPull(1, 'b');
  await fixture.clock.advance(1);
  const chatId = await fixture.addBranch(userId, 'b');
  expect(await fixture.addReplica().worker.tick()).toBe(1);
  expect(await fixture.status(chatId)).toMatchObject({ pull_request_state: 'open' });
});
