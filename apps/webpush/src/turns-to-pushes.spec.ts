/**
 * From the message of a user to the notification in their browser, with nothing in between played by hand: two processes of the chat
 * worker, which answer at a mock model, two of webpush, a relay, and a push service that decrypts. Workers and webpush are killed
 * while turns end.
 */
import { randomUUID } from 'node:crypto';
import type { Bus } from '@parley/bus';
import { subjects } from '@parley/contracts';
import { WebpushSubscription } from '@parley/database';
import { LlmMock } from '@parley/llmmock';
import { NatsServer } from '@parley/local-servers';
import { createLogger, loadConfig, Metrics } from '@parley/service';
import { createStreamRelay, relayConfig, type StreamRelayApp } from '@parley/stream-relay';
import { createTestDatabase, eventually, Standstill, testServers, type TestDatabase } from '@parley/testing';
import { ChatPeople } from './testing/chat-people';
import { PushService, type Browser } from './testing/push-service';
import { startProcess, type ServiceProcess } from './testing/service-process';
import { connect, publicKeyOf, subscribe } from './testing/start-webpush';

/** Longer than this machine may stand still: a push that times out is sent again. */
const SEND_TIMEOUT_MS = 10_000;
/** When what a replica had written to a socket before it was killed has been read here, where nothing stands still. */
const ON_ITS_WAY_MS = 3_000;
const CHATS = 40;

let nats: NatsServer;
let test: TestDatabase;
let service: PushService;
let mock: LlmMock;
/** The gateway. */
let outside: Bus;
let people: ChatPeople;
let env: Record<string, string>;
const processes = new Set<ServiceProcess>();
let workers: ServiceProcess[];
let pushers: ServiceProcess[];

beforeAll(async () => {
  nats = await NatsServer.start();
  test = await createTestDatabase();
  service = await PushService.start();
  mock = new LlmMock();
  const { url } = await mock.start();
  outside = await connect(nats.url, 'outside');
  people = await ChatPeople.create({ database: test.database, bus: outside }, url);
  env = {
    DATABASE_URL: test.url,
    DATABASE_POOL_SIZE: '4',
    NATS_URL: nats.url,
    REDIS_URL: testServers().redisUrl,
    PARLEY_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    WEBPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
    WEBPUSH_SEND_TIMEOUT_MS: String(SEND_TIMEOUT_MS),
    WORKER_LEASE_MS: '2000',
    BUS_VALIDATION: 'true',
    LOG_LEVEL: 'info',
  };
  [workers, pushers] = await Promise.all([
    Promise.all([start('chat-worker'), start('chat-worker')]),
    Promise.all([start('webpush'), start('webpush')]),
  ]);
}, 120_000);
afterEach(() => {
  service.answer = () => ({ status: 201 });
  expect(service.complaints).toEqual([]);
});
afterAll(async () => {
  await Promise.all([...processes].map((process) => process.stop()));
  await outside.drain();
  await service.stop();
  await mock.stop();
  // Connections of the killed take a moment to go.
  await eventually(() => test.assertNoLeaks());
  await test.drop();
  await nats.stop();
}, 60_000);

async function start(app: 'webpush' | 'chat-worker'): Promise<ServiceProcess> {
  const process = await startProcess(app, env);
  processes.add(process);
  return process;
}

/** Kills the first of them, and starts another one. Returns when it was killed. */
async function killOne(app: 'webpush' | 'chat-worker', running: ServiceProcess[]): Promise<number> {
  const at = performance.now();
  await running.shift()?.kill();
  running.push(await start(app));
  return at;
}

async function newBrowser(): Promise<Browser> {
  const browser = service.subscribe(await publicKeyOf(outside));
  expect(await subscribe(outside, people.ownerId, browser)).toEqual({ result: 'stored' });
  return browser;
}

const chatOf = (push: Record<string, unknown>): string => String(push['tag']).slice(5, 41);
const chatsTold = (browser: Browser): string[] => service.turnsOf(browser).map(chatOf);

/** Resolves when pushes of all turns that have ended have come, because that of a later one on each replica has. */
async function settled(browser: Browser): Promise<void> {
  const later = await Promise.all(Array.from({ length: 6 }, () => people.createChat({ reply: 'later' })));
  await eventually(() => expect(chatsTold(browser)).toEqual(expect.arrayContaining(later)), {
    timeoutMs: 30_000,
  });
}

it('a turn that finished is told once to each browser, and an interrupted one never, under kills of workers and of webpush', async () => {
  const browsers = [await newBrowser(), await newBrowser()];
  const [watched] = browsers;
  if (watched === undefined) throw new Error('no browser');
  const told = new Map<string, number[]>();
  service.answer = ({ browser, payload }) => {
    const name = `${browser.id} ${String(payload['tag'])}`;
    told.set(name, [...(told.get(name) ?? []), performance.now()]);
    return { status: 201 };
  };
  const finished: string[] = [];
  const interrupted: string[] = [];
  const kills: number[] = [];
  const standstill = new Standstill();
  const slow = (ms: number) => ({ reply: 'word '.repeat(40), chunk_count: 40, chunk_ms: ms / 40 });
  for (let number = 0; number < CHATS; number += 1) {
    if (number % 4 === 3)
      interrupted.push(await people.createChat({ ...slow(60_000), fault: { kind: 'never_ending' } }));
    else finished.push(await people.createChat(slow(400 + 100 * number)));
  }
  const child = await people.createChat({ reply: 'for my parent' }, finished[0]);
  for (const chatId of interrupted.slice(0, 4)) await people.interrupt(chatId);
  await eventually(() => expect(chatsTold(watched).length).toBeGreaterThan(4), { timeoutMs: 30_000 });
  await killOne('chat-worker', workers);
  // Some of these belong to the dead worker: another one has to end them.
  for (const chatId of interrupted.slice(4)) await people.interrupt(chatId);
  await eventually(() => expect(chatsTold(watched).length).toBeGreaterThan(10), { timeoutMs: 30_000 });
  kills.push(await killOne('webpush', pushers));
  await eventually(() => expect(chatsTold(watched).length).toBeGreaterThan(15), { timeoutMs: 30_000 });
  await killOne('chat-worker', workers);
  kills.push(await killOne('webpush', pushers));

  for (const chatId of [...finished, ...interrupted, child]) await people.until(chatId, 'waiting');
  for (const browser of browsers) {
    await eventually(() => expect([...new Set(chatsTold(browser))].toSorted()).toEqual(finished.toSorted()), {
      timeoutMs: 60_000,
    });
  }
  await settled(watched);
  standstill.stop();
  for (const chatId of [...interrupted, child]) expect(chatsTold(watched)).not.toContain(chatId);
  for (const [name, [first = 0, ...again]] of told) {
    // Twice only what was on its way when its replica died: nobody could know whether it had arrived.
    const wasOnItsWay = kills.some((at) => Math.abs(at - first) < ON_ITS_WAY_MS + standstill.longestMs);
    if (again.length > 0) expect([name, wasOnItsWay]).toEqual([name, true]);
  }
}, 240_000);

it('a browser that has gone, or was unsubscribed at the other replica, is not used for the next turn', async () => {
  const [gone, unsubscribed, kept] = [await newBrowser(), await newBrowser(), await newBrowser()];
  // Both replicas know all three.
  await settled(unsubscribed);
  service.unsubscribe(gone);
  await settled(kept);
  const endpoints = async () => {
    const rows = await test.database.repository(WebpushSubscription).findBy({ userId: people.ownerId });
    return rows.map(({ endpoint }) => endpoint);
  };
  await eventually(async () => expect(await endpoints()).not.toContain(gone.endpoint));

  const request = { user_id: people.ownerId, endpoint: unsubscribed.endpoint };
  const reply = await outside.request(subjects.webpushUnsubscribe(), request, { timeoutMs: 20_000 });
  expect(reply).toEqual({ removed: true });
  // What the bus brought to the replicas before these requests they have heard.
  for (let asked = 0; asked < 12; asked += 1) await publicKeyOf(outside);
  const before = service.turnsOf(unsubscribed).length;
  await settled(kept);
  expect(service.turnsOf(unsubscribed)).toHaveLength(before);
}, 120_000);

describe('While the owner looks at the chat', () => {
  let relay: StreamRelayApp;
  let relayBus: Bus;
  beforeAll(async () => {
    relayBus = await connect(nats.url, 'relay');
    const logger = createLogger({ name: 'relay-test', level: 'silent' });
    const config = loadConfig(relayConfig, { env: {} });
    const { database } = test;
    const own = { identity: people.identity, metrics: new Metrics(), logger, config };
    relay = createStreamRelay({ database, bus: relayBus, ...own });
    await relay.start({ host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await relay.stop();
    await relayBus.drain();
  });

  async function look(chatId: string, query = ''): Promise<() => Promise<void>> {
    const { token } = await people.identity.createToken({ userId: people.ownerId });
    const abort = new AbortController();
    const response = await fetch(`${await relay.url()}/api/v2/chats/${chatId}/stream${query}`, {
      headers: { Accept: 'text/event-stream', 'Coder-Session-Token': token },
      signal: abort.signal,
    });
    expect(response.status).toBe(200);
    return async () => {
      abort.abort();
      await response.text().catch(() => undefined);
    };
  }

  const isWatched = async (chatId: string): Promise<boolean> => {
    const subject = subjects.presence(people.ownerId, chatId);
    const reply = await outside.request(subject, {}, { timeoutMs: 1_000 }).catch(() => null);
    return reply?.is_watching === true;
  };

  it('nothing is told; with a hidden page, another chat or a closed stream it is', async () => {
    const browser = await newBrowser();
    const [looked, hidden, other] = [await restingChat(), await restingChat(), await restingChat()];
    await settled(browser);
    const turnsOf = (chatId: string) => chatsTold(browser).filter((each) => each === chatId).length;
    const [before, beforeHidden, beforeOther] = [turnsOf(looked), turnsOf(hidden), turnsOf(other)];
    const leave = await look(looked);
    const leaveHidden = await look(hidden, '?watching=false');
    await eventually(async () => expect(await isWatched(looked)).toBe(true));
    for (const chatId of [looked, hidden, other]) await people.send(chatId, { reply: 'again' });
    await eventually(() => {
      expect(turnsOf(hidden)).toBe(beforeHidden + 1);
      expect(turnsOf(other)).toBe(beforeOther + 1);
    });
    await people.until(looked, 'waiting');
    await settled(browser);
    expect(turnsOf(looked)).toBe(before);

    await leave();
    await leaveHidden();
    await eventually(async () => expect(await isWatched(looked)).toBe(false));
    await people.send(looked, { reply: 'and again' });
    await eventually(() => expect(turnsOf(looked)).toBe(before + 1));
  }, 60_000);

  async function restingChat(): Promise<string> {
    const chatId = await people.createChat({ key: randomUUID(), reply: 'done' });
    await people.until(chatId, 'waiting');
    return chatId;
  }
});
