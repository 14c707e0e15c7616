/** Two processes of webpush, of which one after the other is killed while turns end: each is told once to each browser. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '@parley/bus';
import { pushJobId, subjects } from '@parley/contracts';
import { NatsServer } from '@parley/local-servers';
import { createTestDatabase, eventually, testServers, type TestDatabase } from '@parley/testing';
import { PushService, type Browser } from './testing/push-service';
import { addUser, connect, publicKeyOf, subscribe } from './testing/start-webpush';
import { startWebpushProcess, type WebpushProcess } from './testing/webpush-process';

const JOBS = 60;
const KILLS = 3;

let nats: NatsServer;
let test: TestDatabase;
let service: PushService;
let outside: Bus;
const processes: WebpushProcess[] = [];

beforeAll(async () => {
  nats = await NatsServer.start();
  test = await createTestDatabase();
  service = await PushService.start();
  outside = await connect(nats.url, 'outside');
}, 60_000);
afterAll(async () => {
  for (const process of processes) await process.kill();
  await outside.drain();
  await service.stop();
  // Connections of the killed take a moment to go.
  await eventually(() => test.assertNoLeaks());
  await test.drop();
  await nats.stop();
}, 60_000);

async function start(): Promise<WebpushProcess> {
  const process = await startWebpushProcess({
    DATABASE_URL: test.url,
    DATABASE_POOL_SIZE: '2',
    NATS_URL: nats.url,
    REDIS_URL: testServers().redisUrl,
    PARLEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    WEBPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
    WEBPUSH_SEND_TIMEOUT_MS: '1000',
    LOG_LEVEL: 'info',
    BUS_VALIDATION: 'true',
  });
  processes.push(process);
  return process;
}

test('every browser gets every turn under kills, and none twice but what was on its way at a kill', async () => {
  let [victim, other] = await Promise.all([start(), start()]);
  const userId = await addUser(test.database);
  const key = await publicKeyOf(outside);
  const browsers = [service.subscribe(key), service.subscribe(key)];
  for (const browser of browsers)
    expect(await subscribe(outside, userId, browser)).toEqual({ result: 'stored' });

  // When each push came, and when somebody was killed.
  const arrivals = new Map<string, number[]>();
  const kills: number[] = [];
  service.answer = async ({ browser, payload }) => {
    const name = nameOf(browser, String(payload['tag']));
    arrivals.set(name, [...(arrivals.get(name) ?? []), performance.now()]);
    await delay(30);
    return { status: 201 };
  };
  const queue = outside.workQueue(subjects.pushTurnFinished());
  const tags: string[] = [];
  for (let number = 0; number < JOBS; number += 1) {
    const chat_id = randomUUID();
    const finished_at = new Date().toISOString();
    const job = {
      chat_id,
      owner_id: userId,
      history_version: 2,
      kind: 'finish' as const,
      title: '',
      text: '',
      finished_at,
    };
    tags.push(`chat-${chat_id}-2`);
    await queue.add(job, { messageId: pushJobId(job) });
    if (number % (JOBS / KILLS) === 10) {
      await eventually(() => arrivals.size > 2 * number - 20);
      kills.push(performance.now());
      await victim.kill();
      [victim, other] = [other, await start()];
    }
  }
  await eventually(() => expect(arrivals.size).toBe(2 * JOBS), { timeoutMs: 60_000 });
  // Long enough for everything that was left unacknowledged to come back.
  await eventually(
    async () => (await outside.workQueue(subjects.pushTurnFinished()).deadLetters()).count === 0,
  );
  await delay(13_000);

  expect(service.complaints).toEqual([]);
  const expected = browsers.flatMap((browser) => tags.map((tag) => nameOf(browser, tag)));
  expect([...arrivals.keys()].toSorted()).toEqual(expected.toSorted());
  for (const [name, [first = 0, ...again]] of arrivals) {
    // Told again only when nobody could know whether it had arrived; the tag makes the browser show one.
    if (again.length > 0)
      expect([name, kills.some((at) => Math.abs(at - first) < 100)]).toEqual([name, true]);
  }
  expect(await victim.stop()).toBe(0);
  expect(await other.stop()).toBe(0);
}, 180_000);

const nameOf = (browser: Browser, tag: string): string => `${browser.id} ${tag}`;
