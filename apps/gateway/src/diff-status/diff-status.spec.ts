/** Branches, diffs, linked accounts and webhooks at the gateway, with a gitsync beside it and the strict fake of GitHub behind. */
import { createHmac } from 'node:crypto';
import { subjects, type Chat, type ChatDiffStatus, type WatchEvent } from '@parley/contracts';
import { sql } from '@parley/database';
import { createGitsyncApp, type GitsyncApp } from '@parley/gitsync';
import { createLogger, Metrics } from '@parley/service';
import { eventually } from '@parley/testing';
import { FakeGithub } from '../../../gitsync/src/testing/fake-github';
import { addMember, idOf, provision, type Person, type Provisioned } from '../testing/provision';
import { startGateway, type TestGateway } from '../testing/start-gateway';

const SECRET = 'the webhook secret';
const TOKEN = 'gho_a-secret-token';
const LINKS = sql('diff_status_spec_links', 'select to_jsonb(l)::text as row from external_auth_links l');

const github = new FakeGithub(() => Date.now());
const events: WatchEvent[] = [];
let gateway: TestGateway;
let world: Provisioned;
let other: Person;
let gitsync: GitsyncApp;

function newGitsync(): GitsyncApp {
  return createGitsyncApp({
    database: gateway.testDatabase.database,
    bus: gateway.bus,
    sealer: gateway.secretBox,
    providers: [{ type: 'github', origin: github.origin }],
    logger: createLogger({ name: 'gitsync', level: 'silent' }),
    metrics: new Metrics(),
  });
}

beforeAll(async () => {
  await github.start();
  github.addToken(TOKEN, 'octocat');
  gateway = await startGateway({ settings: { githubWebhookSecret: SECRET } });
  world = await provision(gateway);
  other = await addMember(gateway, 'other');
  await gateway.bus.subscribe(subjects.userChats('*'), (event) => void events.push(event));
  gitsync = newGitsync();
  await gitsync.start(null);
  const linked = await as(world.member, 'PUT', '/api/v2/users/me/external-auth', {
    provider_origin: github.origin,
    access_token: TOKEN,
  });
  expect(linked.status).toBe(200);
});
afterAll(async () => {
  await gitsync.stop();
  await gateway.close();
  await github.stop();
  expect(github.violations).toEqual([]);
});

const as = (person: Person, method: string, url: string, body?: unknown) =>
  gateway.call(method, url, { token: person.token, body });
async function newChat(): Promise<string> {
  const reply = await as(world.member, 'POST', '/api/v2/chats', {
    organization_id: world.organizationId,
    content: [{ type: 'text', text: 'Hello' }],
  });
  return idOf(reply.body);
}
const remote = () => `${github.origin}/octo/hello.git`;
const report = (chatId: string, branch: string, person = world.member) =>
  as(person, 'PUT', `/api/v2/chats/${chatId}/git-ref`, { branch, remote_origin: remote() });
const readChat = async (chatId: string) =>
  (await as(world.member, 'GET', `/api/v2/chats/${chatId}`)).body as Chat;
let number = 0;
function openPull(branch: string) {
  number += 1;
  github.addBranch('octo/hello', branch, `diff of ${branch}`);
  return github.openPull({
    owner: 'octo',
    repo: 'hello',
    number,
    headBranch: branch,
    diff: `diff of ${number}`,
  });
}

describe('a reported branch', () => {
  test('is told to watchers, refreshed at once, and shown with the chat and in lists', async () => {
    const chatId = await newChat();
    expect((await readChat(chatId)).diff_status).toBeUndefined();
    openPull('one');
    events.length = 0;
    const reply = await report(chatId, 'one');
    expect(reply.status).toBe(200);
    expect(reply.body as ChatDiffStatus).toMatchObject({ chat_id: chatId, head_branch: 'one' });
    await eventually(async () =>
      expect((await readChat(chatId)).diff_status).toMatchObject({
        pull_request_state: 'open',
        url: `${github.origin}/octo/hello/pull/${number}`,
      }),
    );
    await eventually(() => expect(events).toHaveLength(2));
    const [marked, refreshed] = events.map(({ kind, chat }) => ({ kind, status: chat.diff_status }));
    expect(marked).toMatchObject({ kind: 'diff_status_change', status: { head_branch: 'one' } });
    expect(refreshed).toMatchObject({ kind: 'diff_status_change', status: { pull_request_state: 'open' } });
    const list = (await as(world.member, 'GET', '/api/v2/chats')).body as Chat[];
    expect(list.find(({ id }) => id === chatId)?.diff_status).toMatchObject({ pull_request_state: 'open' });
  });

  test('is the owner’s to report, for a live chat and a real remote', async () => {
    const chatId = await newChat();
    expect((await report(chatId, 'b', world.admin)).status).toBe(403);
    expect((await report(chatId, 'b', other)).status).toBe(404);
    const local = { branch: 'b', remote_origin: '/srv/git/hello.git' };
    const refused = await as(world.member, 'PUT', `/api/v2/chats/${chatId}/git-ref`, local);
    expect(refused).toMatchObject({ status: 400, body: { validations: [{ field: 'remote_origin' }] } });
    await as(world.member, 'POST', `/api/v2/chats/${chatId}/interrupt`);
    const archive = sql(
      'diff_status_spec_archive',
      `update chats set status = 'waiting', archived = true where id = $1`,
    );
    await gateway.testDatabase.database.query(archive, [chatId]);
    expect((await report(chatId, 'b')).status).toBe(400);
  });
});

describe('the diff', () => {
  const diffOf = (chatId: string, person = world.member) => as(person, 'GET', `/api/v2/chats/${chatId}/diff`);

  test('is read through gitsync, for readers of the chat', async () => {
    const chatId = await newChat();
    expect((await diffOf(chatId)).body).toEqual({ chat_id: chatId });
    github.addBranch('octo/hello', 'two', 'the branch’s diff');
    await report(chatId, 'two');
    expect(await diffOf(chatId)).toMatchObject({
      status: 200,
      body: {
        chat_id: chatId,
        provider: 'github',
        remote_origin: remote(),
        branch: 'two',
        diff: 'the branch’s diff',
      },
    });
    openPull('two');
    await report(chatId, 'two');
    const url = `${github.origin}/octo/hello/pull/${number}`;
    expect((await diffOf(chatId, world.admin)).body).toMatchObject({
      pull_request_url: url,
      diff: `diff of ${number}`,
    });
    expect((await diffOf(chatId, other)).status).toBe(404);
  });

  test('is answered as it was last read while gitsync is away, and is 503 when it never was', async () => {
    const chatId = await newChat();
    openPull('three');
    await report(chatId, 'three');
    await diffOf(chatId);
    const unread = await newChat();
    await gitsync.stop();
    await report(chatId, 'three');
    await report(unread, 'three');
    expect((await diffOf(chatId)).body).toMatchObject({ diff: `diff of ${number}` });
    expect(await diffOf(unread)).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
    gitsync = newGitsync();
    await gitsync.start(null);
  });

  test('needs a linked account', async () => {
    const reply = await as(other, 'POST', '/api/v2/chats', {
      organization_id: world.organizationId,
      content: [{ type: 'text', text: 'Hello' }],
    });
    const chatId = idOf(reply.body);
    await report(chatId, 'one', other);
    expect(await diffOf(chatId, other)).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining('linked') as unknown },
    });
  });
});

describe('linked accounts', () => {
  const url = '/api/v2/users/me/external-auth';

  test('show no secret, to nobody, and store none in the clear', async () => {
    const listed = await as(world.member, 'GET', url);
    expect(listed.body).toMatchObject([
      { provider_origin: github.origin, has_refresh_token: false, status: 'linked' },
    ]);
    expect(listed.text).not.toContain('gho_');
    const rows = await gateway.testDatabase.database.query<{ row: string }>(LINKS, []);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.row).not.toContain(Buffer.from(TOKEN).toString('hex'));
    expect((await as(other, 'GET', `/api/v2/users/${world.member.id}/external-auth`)).status).toBe(404);
  });

  test('are unlinked by their host', async () => {
    const link = { provider_origin: 'https://git.example.com/', access_token: 'x', refresh_token: 'y' };
    expect((await as(other, 'PUT', url, link)).body).toMatchObject({
      provider_origin: 'https://git.example.com',
      has_refresh_token: true,
    });
    const unlink = { provider_origin: 'https://git.example.com' };
    expect((await as(other, 'DELETE', url, unlink)).status).toBe(204);
    expect((await as(other, 'DELETE', url, unlink)).status).toBe(404);
  });
});

describe('webhooks of GitHub', () => {
  const sign = (payload: string, secret = SECRET) =>
    `sha256=${createHmac('sha256', secret).update(payload).digest('hex')}`;
  const deliver = (event: string, payload: string, signature: string | null = sign(payload)) =>
    gateway.call('POST', '/api/v2/webhooks/github', {
      payload,
      headers: {
        'x-github-event': event,
        ...(signature === null ? {} : { 'x-hub-signature-256': signature }),
      },
    });
  // With blanks, so that what was parsed and written again would have another signature.
  const pullRequestEvent = (branch: string, page: string) =>
    JSON.stringify(
      {
        action: 'closed',
        repository: { html_url: `${github.origin}/octo/hello` },
        pull_request: { html_url: page, head: { ref: branch, repo: null } },
      },
      null,
      2,
    );

  test('refresh the chats on that branch at once', async () => {
    const chatId = await newChat();
    const pull = openPull('four');
    await report(chatId, 'four');
    await eventually(async () =>
      expect((await readChat(chatId)).diff_status?.pull_request_state).toBe('open'),
    );
    Object.assign(pull, { state: 'closed', merged: true });
    expect((await deliver('pull_request', pullRequestEvent('four', ''))).status).toBe(204);
    await eventually(async () =>
      expect((await readChat(chatId)).diff_status?.pull_request_state).toBe('merged'),
    );
    const next = openPull('four');
    const push = { ref: 'refs/heads/four', repository: { html_url: `${github.origin}/octo/hello` } };
    expect((await deliver('push', JSON.stringify(push))).status).toBe(204);
    await eventually(async () => expect((await readChat(chatId)).diff_status?.pr_number).toBe(next.number));
  });

  test('without a signature that fits every byte they are refused', async () => {
    const payload = pullRequestEvent('five', '');
    expect((await deliver('pull_request', payload, null)).status).toBe(401);
    expect((await deliver('pull_request', payload, sign(payload, 'another secret'))).status).toBe(401);
    expect((await deliver('pull_request', `${payload} `, sign(payload))).status).toBe(401);
    expect((await deliver('pull_request', payload, 'sha256=')).status).toBe(401);
  });

  test('of other kinds, or about nothing we know, change nothing', async () => {
    const calls = github.calls.length;
    for (const event of ['ping', 'issues', 'pull_request', 'push']) {
      expect((await deliver(event, JSON.stringify({ zen: 'Keep it logically awesome.' }))).status).toBe(204);
    }
    expect((await deliver('pull_request', pullRequestEvent('a\u0000b', ''))).status).toBe(204);
    expect((await deliver('pull_request', pullRequestEvent('unknown', ''))).status).toBe(204);
    expect(github.calls.length).toBe(calls);
  });
});
