/** Two processes of webpush, of which one after the other is killed while turns end: each is told once to each browser. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '@parley/bus';
import { pushJobId, subjects } from '@parley/contracts';
import { WebpushSubscription } from '@parley/database';
import { NatsServer } from '@parley/local-servers';
import { createTestDatabase, eventually, Standstill, testServers, type TestDatabase } from '@parley/testing';
import { PushService, type Browser } from './testing/push-service';
import { addUser, connect, publicKeyOf, subscribe } from './testing/start-webpush';
import { replaceKey, startProcess, type ServiceProcess } from './testing/service-process';

const JOBS = 60;
const KILLS = 3;
/** Longer than this machine may stand still: a push that times out is sent again. */
const SEND_TIMEOUT_MS = 10_000;
/** When what a replica had written to a socket before it was killed has been read here, where nothing stands still. */
const ON_ITS_WAY_MS = 1_000;

let nats: NatsServer;
let test: TestDatabase;
let service: PushService;
let outside: Bus;
const processes: ServiceProcess[] = [];

beforeAll(async () => {
  nats = await NatsServer.start({ isMonitored: true });
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

const connections = () => ({
  DATABASE_URL: test.url,
  NATS_URL: nats.url,
  PARLEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
});

async function start(): Promise<ServiceProcess> {
  const process = await startProcess('webpush', {
    ...connections(),
    DATABASE_POOL_SIZE: '2',
    REDIS_URL: testServers().redisUrl,
    WEBPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
    WEBPUSH_SEND_TIMEOUT_MS: String(SEND_TIMEOUT_MS),
    LOG_LEVEL: 'info',
    BUS_VALIDATION: 'true',
  });
  processes.push(process);
  return process;
}

it('every browser gets every turn under kills, and none twice but what was on its way at a kill', async () => {
  let [victim, other] = await Promise.all([start(), start()]);
  const userId = await addUser(test.database);
  const key = await publicKeyOf(outside);
  const browsers = [service.subscribe(key), service.subscribe(key)];
  for (const browser of browsers)
    expect(await subscribe(outside, userId, browser)).toEqual({ result: 'stored' });

  // When each push came, and when somebody was killed.
  const arrivals = new Map<string, number[]>();
  const kills: number[] = [];
  const standstill = new Standstill();
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
  await eventually(async () => expect(await jobsLeft()).toBe(0), { timeoutMs: 60_000 });
  expect((await queue.deadLetters()).count).toBe(0);

  standstill.stop();
  expect(service.complaints).toEqual([]);
  const expected = browsers.flatMap((browser) => tags.map((tag) => nameOf(browser, tag)));
  expect([...arrivals.keys()].toSorted()).toEqual(expected.toSorted());
  for (const [name, [first = 0, ...again]] of arrivals) {
    // Told again only when nobody could know whether it had arrived: the push was on its way when its replica died. What the
    // replica had written to the socket is read here after the kill.
    const wasOnItsWay = kills.some((at) => Math.abs(at - first) < ON_ITS_WAY_MS + standstill.longestMs);
    if (again.length > 0) expect([name, wasOnItsWay]).toEqual([name, true]);
  }
  expect(await victim.stop()).toBe(0);
  expect(await other.stop()).toBe(0);
}, 180_000);

it('the command that replaces the key removes all subscriptions, and running replicas follow', async () => {
  await Promise.all([start(), start()]);
  const userId = await addUser(test.database);
  const key = await publicKeyOf(outside);
  const old = service.subscribe(key);
  expect(await subscribe(outside, userId, old)).toEqual({ result: 'stored' });
  expect(await replaceKey(connections())).toBe(0);
  // Several times, so that both replicas are asked.
  await eventually(async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => publicKeyOf(outside)));
    expect(new Set(keys).size).toBe(1);
    expect(keys).not.toContain(key);
  });
  expect(await subscribe(outside, userId, service.subscribe(await publicKeyOf(outside)))).toEqual({
    result: 'stored',
  });
  expect(await test.database.repository(WebpushSubscription).findBy({ userId })).toHaveLength(1);
}, 60_000);

/** Jobs that no consumer has acknowledged, as NATS itself counts them. */
async function jobsLeft(): Promise<number> {
  const reply = await fetch(`${nats.monitorUrl}/jsz?streams=1`);
  const { account_details } = (await reply.json()) as Jetstream;
  const streams = account_details.flatMap(({ stream_detail }) => stream_detail);
  const queue = streams.find(({ name }) => name === 'work-push-turn_finished');
  if (queue === undefined) throw new Error('there is no queue');
  return queue.state.messages;
}

interface Jetstream {
  readonly account_details: readonly {
    readonly stream_detail: readonly {
      readonly name: string;
      readonly state: { readonly messages: number };
    }[];
  }[];
}

const nameOf = (browser: Browser, tag: string): string => `${browser.id} ${tag}`;
