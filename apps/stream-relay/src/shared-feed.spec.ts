/** What many viewers share: the subscriptions of their chat, its feed, and each byte that goes to all of them. */
import type { Bus } from '@parley/bus';
import { eventually } from '@parley/testing';
import { RelayFixture, type RunningRelay, type TestWorker } from './testing/relay-fixture';
import { openSse, openWebSocket, type StreamClient } from './testing/stream-clients';

/** Keeps the subjects that are subscribed to. */
function listing(bus: Bus, subscribed: string[]): Bus {
  return new Proxy(bus, {
    get: (target, name): unknown => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: [{ subject: string }]): unknown => {
        if (name === 'subscribe') subscribed.push(args[0].subject);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

interface Counted extends RunningRelay {
  readonly subscribed: string[];
}

describe('Many viewers', () => {
  let fixture: RelayFixture;
  let worker: TestWorker;
  let token: string;
  let relays: Counted[];

  beforeAll(async () => {
    fixture = await RelayFixture.create('NATS');
    worker = await fixture.worker();
    token = await fixture.token();
    relays = await Promise.all(
      [0, 1, 2].map(async () => {
        const subscribed: string[] = [];
        const running = await fixture.relay({}, { spoil: (bus) => listing(bus, subscribed) });
        return { ...running, subscribed };
      }),
    );
  });
  afterAll(() => fixture.close());

  /** Statements that were run, but for those of the worker and the sender that the spec plays. */
  function statements(): number {
    const own = /^(send|acquire|commit_step|finish_turn|create_chat)/;
    return [...fixture.test.database.statementCounts()]
      .filter(([name]) => !own.test(name))
      .reduce((sum, [, count]) => sum + count, 0);
  }

  async function crowd(chatId: string, each: number): Promise<StreamClient[]> {
    const opening = relays.flatMap(({ url }) =>
      Array.from({ length: each }, (_, index) =>
        (index % 2 === 0 ? openWebSocket : openSse)({ url, token, chatId, query: 'cursor=' }),
      ),
    );
    const clients = await Promise.all(opening);
    for (const client of clients) await client.until(({ status }) => status === 'running');
    return clients;
  }

  it('of one chat cost each relay one subscription a subject, one read, and each part one encoding a transport', async () => {
    const chatId = await fixture.chat();
    const viewers = 40;
    const clients = await crowd(chatId, viewers);
    for (const { subscribed } of relays)
      expect(subscribed.filter((subject) => subject.includes(chatId)).sort()).toEqual([
        `chat.${chatId}.changed`,
        `chat.${chatId}.parts`,
      ]);
    const before = relays.map(({ relay }) => ({ ...relay.metrics }));
    const statementsBefore = statements();
    await worker.take(chatId);
    for (let index = 0; index < 20; index += 1) worker.stream(`part ${index} `);
    await worker.finish('all of it');
    for (const client of clients) await client.until(({ status }) => status === 'waiting');
    for (const [index, { relay }] of relays.entries()) {
      const since = (name: 'bytesSent' | 'bytesEncoded' | 'partsReceived'): number =>
        relay.metrics[name] - (before[index]?.[name] ?? 0);
      expect(since('partsReceived')).toBe(20);
      // Half of them on either transport: what one viewer of each got is what was made.
      expect(since('bytesEncoded')).toBe(since('bytesSent') / (viewers / 2));
      expect(relay.metrics.firstReads).toBe(1);
    }
    expect(statements() - statementsBefore).toBe(0);
    for (const client of clients) client.drop();
  }, 60_000);

  it('dropped at once and back with their cursors cost Postgres nothing, miss no part and see none twice', async () => {
    const chatIds = await Promise.all(Array.from({ length: 4 }, () => fixture.chat()));
    const workers = await Promise.all(chatIds.map(() => fixture.worker()));
    const [one] = relays;
    const url = one?.url ?? '';
    const metrics = one?.relay.metrics;
    const before = await Promise.all(
      Array.from({ length: 160 }, async (_, index) => {
        const chatId = chatIds[index % chatIds.length] ?? '';
        const open = index % 3 === 0 ? openSse : openWebSocket;
        const client = await open({ url, token, chatId, query: 'cursor=' });
        return { chatId, open, client };
      }),
    );
    for (const { client } of before) await client.until(({ status }) => status === 'running');
    for (const [index, playing] of workers.entries()) {
      await playing.take(chatIds[index] ?? '');
      playing.stream('a', 'b', 'c');
    }
    for (const { client } of before) await client.until(({ previewText }) => previewText === 'abc');
    await eventually(() => metrics?.viewers === before.length);

    const statementsBefore = statements();
    for (const { client } of before) client.drop();
    await eventually(() => metrics?.viewers === 0);
    for (const playing of workers) playing.stream('d', 'e');
    const again = await Promise.all(
      before.map(async ({ chatId, open, client }) => ({
        chatId,
        client: await open({ url, token, chatId, query: `cursor=${client.lastCursor}` }),
      })),
    );
    for (const playing of workers) playing.stream('f');
    for (const { client } of again) await client.until(({ parts }) => parts.at(-1)?.seq === 6);
    expect(statements() - statementsBefore).toBe(0);
    for (const { client } of again) {
      expect(client.parts.map(({ text }) => text).join('')).toBe('def');
      expect(client.types.every((type) => type === 'message_part')).toBe(true);
    }
    for (const playing of workers) await playing.finish('abcdef');
    for (const { client } of again) {
      await client.until(({ status }) => status === 'waiting');
      expect(client.messages).toEqual(['abcdef']);
      client.drop();
    }
  }, 60_000);
});
