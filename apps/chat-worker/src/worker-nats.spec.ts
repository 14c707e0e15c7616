import { connectNats } from '@parley/bus';
import { interrupt, send } from '@parley/chat-state';
import { eventually, testServers } from '@parley/testing';
import { ask, Harness } from './testing/harness';

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
});
