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
    // Asked for the first time it never ends.
    const fault = { kind: 'stall', after_chunks: 20, first_attempts: 1 } as const;
    const reply = 'two '.repeat(30);
    const content = [
      { type: 'text' as const, text: ask({ key: 'two', reply, chunk_count: 30, chunk_ms: 20, fault }) },
    ];
    await send(harness.store, { chatId, ownerId: harness.ownerId, content, busyBehavior: 'queue' });
    await eventually(() => expect(harness.parts.length).toBeGreaterThan(1));
    const second = await harness.startWorker({ settings: { sweepMs: 60_000 } });
    await first.stop(0);
    const done = await harness.until(chatId, 'waiting');
    expect(done.workerId).toBe(second.worker.workerId);
    const texts = (await harness.texts(chatId)).map(([, text]) => text);
    expect([texts[1], texts[3]]).toEqual(['one', reply]);
    expect(texts).toHaveLength(4);
  });

  it('hears an interrupt at once', async () => {
    await harness.startWorker({ settings: { sweepMs: 60_000 } });
    /** How long the model's socket stayed open. */
    const cut = async (key: string): Promise<number> => {
      const chatId = await harness.createChat({ key, fault: { kind: 'never_ending' }, chunk_ms: 10 });
      await harness.partsOf(chatId, 2);
      const askedAt = Date.now();
      await interrupt(harness.store, { chatId, ownerId: harness.ownerId });
      await harness.until(chatId, 'waiting');
      const entry = (await harness.ledger()).find((each) => each.key === key);
      return (entry?.closed_by_client_at ?? Infinity) - askedAt;
    };
    // The quickest of some, since a machine may stand still for a moment.
    let quickestMs = Infinity;
    for (let attempt = 1; attempt <= 10 && quickestMs >= 250; attempt += 1)
      quickestMs = Math.min(quickestMs, await cut(`nats-cut-${attempt}`));
    expect(quickestMs).toBeLessThan(250);
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
