import { connectNats } from '@parley/bus';
import { interrupt, send } from '@parley/chat-state';
import { eventually, testServers } from '@parley/testing';
import { ask, Harness } from './testing/harness';
import { createParent } from './testing/parent';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open(await connectNats({ url: testServers().natsUrl, name: 'worker-spec' }));
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

describe('a worker on NATS', () => {
  it('is woken for new chats and for chats it owns, and hands over when it stops', async () => {
    const first = await harness.startWorker({ settings: { sweepMs: 60_000 } });
    const chatId = await harness.createChat({ reply: 'one' });
    await harness.until(chatId, 'waiting');
    const content = [
      { type: 'text' as const, text: ask({ reply: 'two '.repeat(30), chunk_count: 30, chunk_ms: 20 }) },
    ];
    await send(harness.store, { chatId, ownerId: harness.ownerId, content, busyBehavior: 'queue' });
    await eventually(() => expect(harness.parts.length).toBeGreaterThan(2));
    const second = await harness.startWorker({ settings: { sweepMs: 60_000 } });
    await first.stop(0);
    const done = await harness.until(chatId, 'waiting');
    expect(done.workerId).toBe(second.worker.workerId);
    const texts = (await harness.texts(chatId)).map(([, text]) => text);
    expect([texts[1], texts[3]]).toEqual(['one', 'two '.repeat(30)]);
    expect(texts).toHaveLength(4);
  });

  it('hears an interrupt at once', async () => {
    await harness.startWorker({ settings: { sweepMs: 60_000 } });
    const chatId = await harness.createChat({
      key: 'nats-cut',
      reply: 'word '.repeat(300),
      chunk_count: 300,
      chunk_ms: 10,
    });
    await harness.partsOf(chatId, 2);
    const askedAt = Date.now();
    await interrupt(harness.store, { chatId, ownerId: harness.ownerId });
    await harness.until(chatId, 'waiting');
    const entry = (await harness.ledger()).find((each) => each.key === 'nats-cut');
    expect((entry?.closed_by_client_at ?? Infinity) - askedAt).toBeLessThan(250);
  });

  it('wakes a parent when its child rests, without asking Postgres meanwhile', async () => {
    const reads: string[] = [];
    const [first, second] = [1, 2].map(() =>
      harness.startWorker({
        settings: { sweepMs: 60_000, maxChats: 1 },
        around: (name, run) => {
          if (name === 'read_chat') reads.push(name);
          return run();
        },
      }),
    );
    await Promise.all([first, second]);
    const child = { reply: 'word '.repeat(30), chunk_count: 30, chunk_ms: 50 };
    const { chatId } = await createParent(harness, { child });
    await harness.until(chatId, 'waiting');
    const results = (await harness.messages(chatId)).flatMap(({ content }) => content);
    expect(JSON.stringify(results)).toContain(JSON.stringify({ report: child.reply }).slice(1, -1));
    // Before it waits, and when it was woken.
    expect(reads.length).toBeLessThanOrEqual(2);
  });
});
