/** Two replicas over a real NATS, a real Postgres and a real Redis, against a strict push service that decrypts what it gets. */
import { randomUUID } from 'node:crypto';
import type { Bus } from '@parley/bus';
import { pushJobId, subjects, type PushTurnFinished } from '@parley/contracts';
import { sql } from '@parley/database';
import { connectRedis, type KeyValue } from '@parley/key-value';
import { NatsServer } from '@parley/local-servers';
import { createTestDatabase, eventually, testServers, type TestDatabase } from '@parley/testing';
import { PushService } from './testing/push-service';
import {
  addUser,
  connect,
  publicKeyOf,
  startWebpush,
  subscribe,
  type TestWebpush,
} from './testing/start-webpush';

const countSubscriptions = sql(
  'webpush_test_count',
  'select count(*) as count from webpush_subscriptions where user_id = $1',
);

let nats: NatsServer;
let test: TestDatabase;
let keyValue: KeyValue;
let service: PushService;
/** The gateway and the workers, to the replicas. */
let outside: Bus;
let replicas: { webpush: TestWebpush; bus: Bus }[] = [];

beforeAll(async () => {
  nats = await NatsServer.start();
  test = await createTestDatabase();
  keyValue = await connectRedis({ url: testServers().redisUrl, keyPrefix: `webpush-${randomUUID()}:` });
  service = await PushService.start();
  outside = await connect(nats.url, 'outside');
  replicas = await Promise.all(['a', 'b'].map(startReplica));
}, 60_000);
afterEach(() => {
  service.answer = () => ({ status: 201 });
  expect(service.complaints).toEqual([]);
});
afterAll(async () => {
  for (const { webpush, bus } of replicas) {
    await webpush.stop();
    await bus.drain();
  }
  await outside.drain();
  await service.stop();
  await keyValue.close();
  await test.drop();
  await nats.stop();
}, 60_000);

async function startReplica(name: string): Promise<{ webpush: TestWebpush; bus: Bus }> {
  const bus = await connect(nats.url, name);
  return { bus, webpush: await startWebpush({ database: test.database, bus, keyValue }) };
}

async function countOf(userId: string): Promise<number> {
  const [row] = await test.database.query<{ count: number }>(countSubscriptions, [userId]);
  return row?.count ?? 0;
}

async function subscribedUser(browsers = 1) {
  const userId = await addUser(test.database);
  const key = await publicKeyOf(outside);
  const all = Array.from({ length: browsers }, () => service.subscribe(key));
  for (const browser of all) expect(await subscribe(outside, userId, browser)).toEqual({ result: 'stored' });
  const [browser] = all;
  if (browser === undefined) throw new Error('no browser');
  return { userId, browser, browsers: all };
}

function job(owner_id: string, changed: Partial<PushTurnFinished> = {}): PushTurnFinished {
  return {
    chat_id: randomUUID(),
    owner_id,
    history_version: 2,
    kind: 'finish',
    title: 'My chat',
    text: 'All is\n\n  well.',
    finished_at: new Date().toISOString(),
    ...changed,
  };
}

async function tell(told: PushTurnFinished): Promise<void> {
  const queue = outside.workQueue(subjects.pushTurnFinished());
  await queue.add(told, { messageId: pushJobId(told) });
}

/** Waits until whatever was in the queue before is done with: every replica takes jobs in order. */
async function settled(): Promise<void> {
  const { userId, browsers } = await subscribedUser();
  for (let round = 0; round < 4; round += 1) await tell(job(userId));
  await eventually(() => expect(browsers.flatMap((browser) => service.turnsOf(browser))).toHaveLength(4));
}

describe('A finished turn', () => {
  it('is told to every browser of its owner, once, and nobody else can read it', async () => {
    const { userId, browsers } = await subscribedUser(3);
    const stranger = await subscribedUser();
    const told = job(userId);
    for (let attempt = 0; attempt < 3; attempt += 1) await tell(told);
    for (const browser of browsers) await eventually(() => expect(service.turnsOf(browser)).toHaveLength(1));
    await settled();
    for (const browser of browsers) {
      expect(service.turnsOf(browser)).toEqual([
        {
          title: 'My chat',
          body: 'All is well.',
          icon: '/favicon.ico',
          actions: [{ label: 'Open', url: `/agents/${told.chat_id}` }],
          tag: `chat-${told.chat_id}-2`,
          data: { url: `/agents/${told.chat_id}` },
        },
      ]);
    }
    expect(service.turnsOf(stranger.browser)).toEqual([]);
  });

  it('fits into a push, however long its text', async () => {
    const { userId, browser } = await subscribedUser();
    for (const character of ['x', 'ü', '"', '\u0001', '\u{1F600}']) {
      await tell(
        job(userId, {
          text: character.repeat(4096 / Buffer.byteLength(character)),
          title: character.repeat(500),
        }),
      );
    }
    await eventually(() => expect(service.turnsOf(browser)).toHaveLength(5));
    for (const { body } of service.turnsOf(browser)) expect(String(body).isWellFormed()).toBe(true);
  });

  it('is not told when it ended too long ago, nor while its owner looks at the chat', async () => {
    const { userId, browser } = await subscribedUser();
    await tell(job(userId, { finished_at: new Date(Date.now() - 2 * 3_600_000).toISOString() }));
    const watched = job(userId);
    const relay = await connect(nats.url, 'relay');
    await relay.respond(subjects.presence(userId, watched.chat_id), () => ({ is_watching: true }));
    await tell(watched);
    const unwatched = job(userId);
    await tell(unwatched);
    await eventually(() => expect(service.turnsOf(browser)).toHaveLength(1));
    await settled();
    expect(service.turnsOf(browser)).toMatchObject([{ tag: `chat-${unwatched.chat_id}-2` }]);
    await relay.drain();
  });

  it('goes again only to the browser that did not take it, not before its push service allows', async () => {
    const { userId, browser, browsers } = await subscribedUser(3);
    const attempts: number[] = [];
    service.answer = (push) => {
      if (push.browser !== browser || attempts.push(Date.now()) > 2) return { status: 201 };
      return attempts.length === 1 ? { status: 500 } : { status: 429, headers: { 'retry-after': '5' } };
    };
    await tell(job(userId));
    await eventually(() => expect(service.turnsOf(browser)).toHaveLength(1), { timeoutMs: 20_000 });
    const [first = 0, second = 0, third = 0] = attempts;
    expect(second - first).toBeGreaterThanOrEqual(700);
    expect(third - second).toBeGreaterThanOrEqual(4_900);
    for (const each of browsers) expect(service.turnsOf(each)).toHaveLength(1);
  }, 40_000);

  it('is told to a browser that came while the job waited for another try', async () => {
    const { userId } = await subscribedUser();
    const late = service.subscribe(await publicKeyOf(outside));
    service.answer = async () => {
      service.answer = () => ({ status: 201 });
      await subscribe(outside, userId, late);
      return { status: 503 };
    };
    await tell(job(userId));
    await eventually(() => expect(service.turnsOf(late)).toHaveLength(1), { timeoutMs: 10_000 });
  }, 20_000);
});

describe('A browser that has gone', () => {
  it.each([404, 410])('is removed at %i, also when the push to another one fails', async (status) => {
    const { userId, browsers } = await subscribedUser(3);
    const [gone, failing, fine] = browsers;
    service.answer = ({ browser }) => {
      if (browser === gone) return { status };
      return { status: browser === failing ? 400 : 201 };
    };
    await tell(job(userId));
    await eventually(async () => expect(await countOf(userId)).toBe(2));
    await eventually(() => expect(fine && service.turnsOf(fine)).toHaveLength(1));
  });

  it('and was unsubscribed by one replica is never used again by another', async () => {
    const { userId, browser } = await subscribedUser(2);
    // Each replica has the list in memory.
    for (let round = 0; round < 8; round += 1) await tell(job(userId));
    await eventually(() => expect(service.turnsOf(browser)).toHaveLength(8));
    const heard = Promise.all(
      replicas.map(
        ({ bus }) =>
          new Promise<void>((resolve) => {
            void bus.subscribe(subjects.configChanged('subscriptions'), ({ id }) => {
              if (id === userId) resolve();
            });
          }),
      ),
    );
    await Promise.all(
      replicas.map(async ({ bus }) => bus.request(subjects.webpushKey(), {}, { timeoutMs: 20_000 })),
    );
    const request = { user_id: userId, endpoint: browser.endpoint };
    const reply = await outside.request(subjects.webpushUnsubscribe(), request, { timeoutMs: 20_000 });
    expect(reply).toEqual({ removed: true });
    await heard;
    for (let round = 0; round < 8; round += 1) await tell(job(userId));
    await settled();
    expect(service.turnsOf(browser)).toHaveLength(8);
    const again = await outside.request(subjects.webpushUnsubscribe(), request, { timeoutMs: 20_000 });
    expect(again).toEqual({ removed: false });
  });
});

describe('Subscribing', () => {
  it('stores nothing when the push service does not take the test notification', async () => {
    const userId = await addUser(test.database);
    for (const status of [400, 403, 410, 429, 500, 307]) {
      service.answer = () => ({ status });
      const browser = service.subscribe(await publicKeyOf(outside));
      expect(await subscribe(outside, userId, browser)).toMatchObject({ result: 'push_failed' });
    }
    expect(await countOf(userId)).toBe(0);
  });

  it('twice from one browser keeps one; another user of that browser takes it over', async () => {
    const { userId, browser } = await subscribedUser();
    expect(await subscribe(outside, userId, browser)).toEqual({ result: 'stored' });
    expect(await countOf(userId)).toBe(1);
    const other = await addUser(test.database);
    expect(await subscribe(outside, other, browser)).toEqual({ result: 'stored' });
    expect([await countOf(userId), await countOf(other)]).toEqual([0, 1]);
  });

  it('keeps the latest 20 browsers of a user', async () => {
    const { userId, browsers } = await subscribedUser(22);
    expect(await countOf(userId)).toBe(20);
    await tell(job(userId));
    await eventually(() =>
      expect(browsers.filter((one) => service.turnsOf(one).length === 1)).toHaveLength(20),
    );
    expect(browsers.slice(0, 2).flatMap((one) => service.turnsOf(one))).toEqual([]);
  });

  it('is limited per user, over all replicas', async () => {
    const userId = await addUser(test.database);
    const replies = await Promise.all(
      Array.from({ length: 70 }, () =>
        outside.request(subjects.webpushTest(), { user_id: userId }, { timeoutMs: 20_000 }),
      ),
    );
    // A minute may turn over in between.
    expect(replies.filter(({ result }) => result === 'too_many').length).toBeGreaterThanOrEqual(10);
  });

  it('a test goes to every browser and tells how many failed', async () => {
    const { userId, browsers } = await subscribedUser(3);
    const [failing, gone] = browsers;
    if (gone) service.unsubscribe(gone);
    service.answer = ({ browser }) => ({ status: browser === failing ? 500 : 201 });
    const reply = await outside.request(subjects.webpushTest(), { user_id: userId }, { timeoutMs: 20_000 });
    expect(reply).toEqual({ result: 'done', sent: 1, failed: 1 });
    expect(await countOf(userId)).toBe(2);
  });
});
