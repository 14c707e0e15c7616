import { createInProcessBus } from '@parley/bus';
import { interrupt, send } from '@parley/chat-state';
import { subjects } from '@parley/contracts';
import { sql } from '@parley/database';
import { eventually, FakeClock } from '@parley/testing';
import { ask, connectionError, Harness, type TestWorker } from './testing/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

const endLease = sql(
  'test_end_lease',
  `update workers set lease_expires_at = now() - interval '1 second' where id = $1`,
);
const endLeaseLongAgo = sql(
  'test_end_lease_long_ago',
  `update workers set lease_expires_at = now() - interval '2 minutes' where id = $1`,
);
const findWorker = sql('test_find_worker', 'select id from workers where id = $1');
const slow = (key: string): Parameters<typeof ask>[0] => ({
  key,
  reply: 'token '.repeat(30),
  chunk_count: 30,
  chunk_ms: 20,
});

async function answers(chatId: string): Promise<string[]> {
  return (await harness.texts(chatId)).filter(([role]) => role === 'assistant').map(([, text]) => text);
}

async function requests(key: string): Promise<number> {
  return (await harness.ledger()).filter((entry) => entry.key === key).length;
}

/** A promise that the test settles. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

async function follow(chatId: string, text: string): Promise<void> {
  const content = [{ type: 'text' as const, text }];
  const sent = await send(harness.store, {
    chatId,
    ownerId: harness.ownerId,
    content,
    busyBehavior: 'queue',
  });
  expect(sent.ok).toBe(true);
}

/** A worker that hears nothing from the bus, whose rounds are called by hand. */
async function deafWorker(options: Parameters<Harness['addWorker']>[0] = {}): Promise<TestWorker> {
  const deaf = await harness.addWorker({ ...options, bus: createInProcessBus() });
  await deaf.worker.heartbeat();
  return deaf;
}

describe('a worker', () => {
  it('finds with its sweep what no wake-up told it, also for a chat that it owns', async () => {
    const { worker } = await deafWorker();
    const chatId = await harness.createChat({ reply: 'found' });
    await worker.sweep();
    await harness.until(chatId, 'waiting');
    await follow(chatId, ask({ reply: 'found again' }));
    expect((await harness.head(chatId)).workerId).toBe(worker.workerId);
    await worker.sweep();
    await harness.until(chatId, 'waiting');
    expect(await answers(chatId)).toEqual(['found', 'found again']);
  });

  it('takes over the chat of a worker whose lease ran out, and the late answer of that one is dropped', async () => {
    const frozen = gate();
    const first = await deafWorker({
      around: async (name, run) => {
        if (name === 'finish_turn') await frozen.opened;
        return run();
      },
    });
    const chatId = await harness.createChat(slow('takeover'));
    await first.worker.sweep();
    await eventually(async () => expect(await requests('takeover')).toBe(1));
    await harness.store.database.query(endLease, [first.worker.workerId]);
    const second = await deafWorker();
    await second.worker.sweep();
    const done = await harness.until(chatId, 'waiting');
    expect(done.workerId).toBe(second.worker.workerId);
    frozen.open();
    await eventually(() => expect(first.worker.roster.count).toBe(0));
    expect(await answers(chatId)).toEqual(['token '.repeat(30)]);
    expect(await requests('takeover')).toBe(2);
  });

  it('forgets a worker that died long ago, and gives back what that one kept at rest', async () => {
    const dead = await deafWorker();
    const chatId = await harness.createChat({ reply: 'kept' });
    await dead.worker.sweep();
    await harness.until(chatId, 'waiting');
    await harness.store.database.query(endLease, [dead.worker.workerId]);
    const { worker } = await deafWorker();
    await worker.bury();
    expect((await harness.head(chatId)).workerId).toBe(dead.worker.workerId);
    await harness.store.database.query(endLeaseLongAgo, [dead.worker.workerId]);
    await worker.bury();
    expect((await harness.head(chatId)).workerId).toBeNull();
    expect(await harness.store.database.query(findWorker, [dead.worker.workerId])).toEqual([]);
  });

  it('races others for a chat: one of them runs each turn, once', async () => {
    await harness.startWorker();
    await harness.startWorker();
    const keys = Array.from({ length: 12 }, (_, index) => `race-${index}`);
    const chats = await Promise.all(
      keys.map(async (key) => {
        const chatId = await harness.createChat({ key, reply: key });
        for (let i = 0; i < 3; i += 1)
          harness.bus.publish(subjects.chatReady(), { chat_id: chatId, version: 1 });
        return chatId;
      }),
    );
    await Promise.all(chats.map((chatId) => harness.until(chatId, 'waiting')));
    for (const [index, chatId] of chats.entries()) {
      expect(await answers(chatId)).toEqual([keys[index]]);
      expect(await requests(keys[index] ?? '')).toBe(1);
    }
  });

  it('that cannot renew its lease stops its runners in time and goes on under a new id', async () => {
    const clock = new FakeClock();
    let isAway = false;
    const member = await harness.startWorker({
      leaseMs: 6_000,
      clock,
      monotonicNow: () => clock.now(),
      around: (name, run) => (isAway && name === 'renew_lease' ? Promise.reject(connectionError()) : run()),
    });
    const { worker } = member;
    // Asked for the first time it never ends.
    const fault = { kind: 'stall', after_chunks: 3, first_attempts: 1 } as const;
    const chatId = await harness.createChat({ ...slow('fenced'), fault });
    await eventually(async () => expect(await requests('fenced')).toBe(1));
    const before = worker.workerId;
    isAway = true;
    for (const _heartbeat of [1, 2, 3, 4]) {
      await clock.waitForSleeper('heartbeat');
      await clock.advance(1_000);
    }
    expect(worker.holdsLease).toBe(true);
    await clock.waitForSleeper('lease');
    await clock.advance(1_000);
    await eventually(async () => {
      const entry = (await harness.ledger()).find((each) => each.key === 'fenced');
      expect(entry?.closed_by_client_at).not.toBeNull();
    });
    await clock.waitForSleeper('new lease');
    expect(worker.holdsLease).toBe(false);
    expect(worker.roster.count).toBe(0);
    isAway = false;
    await clock.advance(500);
    await eventually(() => expect(worker.holdsLease).toBe(true));
    expect(worker.workerId).not.toBe(before);
    expect(await harness.head(chatId)).toMatchObject({ status: 'running', workerId: before });
    expect(await answers(chatId)).toEqual([]);
    // Else a worker of a later test would take it over as soon as the old lease has run out.
    await harness.store.database.query(endLease, [before]);
    await worker.sweep();
    await harness.until(chatId, 'waiting');
    expect(await answers(chatId)).toEqual(['token '.repeat(30)]);
  });

  it('goes on when the answer that renews its lease was only read too late', async () => {
    const time = { now: 0 };
    let answer: (() => void) | undefined;
    const { worker } = await harness.addWorker({
      leaseMs: 6_000,
      monotonicNow: () => time.now,
      around: async (name, run) => {
        const result = await run();
        if (name === 'renew_lease' && time.now > 0) await new Promise<void>((resolve) => (answer = resolve));
        return result;
      },
    });
    await worker.start();
    const { workerId } = worker;
    time.now = 1_000;
    const heartbeat = worker.heartbeat();
    await eventually(() => expect(answer).toBeDefined());
    // A stall: the next thing this process does is to look at its deadline, and then it reads what came meanwhile.
    time.now = 5_500;
    const watched = worker.watchLease();
    answer?.();
    await Promise.all([watched, heartbeat]);
    expect(worker.workerId).toBe(workerId);
    expect(worker.holdsLease).toBe(true);
  });

  it('that stops hands a running turn over at once', async () => {
    const first = await harness.startWorker();
    // Asked for the first time it never ends.
    const fault = { kind: 'stall', after_chunks: 20, first_attempts: 1 } as const;
    const chatId = await harness.createChat({ ...slow('hand-over'), fault });
    await harness.partsOf(chatId, 1);
    const second = await harness.startWorker({ settings: { sweepMs: 60_000 } });
    await first.stop(0);
    const done = await harness.until(chatId, 'waiting');
    expect(done.workerId).toBe(second.worker.workerId);
    expect(await answers(chatId)).toEqual(['token '.repeat(30)]);
    const attempts = new Set(harness.parts.map((batch) => batch.generation_attempt));
    expect([...attempts]).toEqual([0, 1]);
  });

  it('that stops lets a step finish within its grace period, and begins no other turn', async () => {
    const told = gate();
    const first = await harness.startWorker({
      around: async (name, run) => {
        if (name === 'finish_turn') await told.opened;
        return run();
      },
    });
    const chatId = await harness.createChat({ ...slow('grace'), chunk_ms: 5 });
    await harness.partsOf(chatId, 1);
    await follow(chatId, ask({ key: 'after-grace', reply: 'next' }));
    const stopped = first.stop(30_000);
    told.open();
    await stopped;
    expect(await answers(chatId)).toEqual(['token '.repeat(30)]);
    expect(await requests('after-grace')).toBe(0);
    expect(await harness.head(chatId)).toMatchObject({ status: 'running', workerId: null });
    await harness.startWorker();
    await harness.until(chatId, 'waiting');
    expect(await answers(chatId)).toEqual(['token '.repeat(30), 'next']);
    expect(await requests('grace')).toBe(1);
  });

  it('declines chats when it is full, and takes them as soon as a place is free', async () => {
    const { worker } = await harness.startWorker({ settings: { maxChats: 1, sweepMs: 60_000 } });
    const chats: string[] = [];
    for (const key of ['full-1', 'full-2', 'full-3'])
      chats.push(await harness.createChat({ ...slow(key), chunk_ms: 5 }));
    let most = 0;
    await eventually(
      async () => {
        most = Math.max(most, worker.roster.workingCount);
        for (const chatId of chats) expect((await harness.head(chatId)).status).toBe('waiting');
      },
      { timeoutMs: 15_000 },
    );
    expect(most).toBe(1);
  });

  it('gives a chat back when it has rested long enough', async () => {
    const clock = new FakeClock();
    const { worker } = await harness.startWorker({ clock, settings: { idleOwnershipMs: 30_000 } });
    const chatId = await harness.createChat({ reply: 'done' });
    await harness.until(chatId, 'waiting');
    await eventually(() => expect(worker.roster.workingCount).toBe(0));
    await worker.sweep();
    expect((await harness.head(chatId)).workerId).toBe(worker.workerId);
    await clock.waitForSleeper('sweep');
    await clock.advance(30_000);
    await worker.sweep();
    await eventually(async () => expect((await harness.head(chatId)).workerId).toBeNull());
  });

  it('tells who joins in the middle what was said so far', async () => {
    const { worker } = await harness.startWorker();
    const chatId = await harness.createChat({ ...slow('episode'), fault: { kind: 'never_ending' } });
    await harness.partsOf(chatId, 5);
    const request = { chat_id: chatId, after_seq: 0 };
    const { episode } = await harness.bus.request(subjects.workerEpisode(worker.workerId), request, {
      timeoutMs: 20_000,
    });
    expect(episode).toMatchObject({ first_seq: 1, is_closed: false, generation_attempt: 0 });
    const later = await harness.bus.request(
      subjects.workerEpisode(worker.workerId),
      { ...request, after_seq: 3 },
      { timeoutMs: 20_000 },
    );
    expect(later.episode?.first_seq).toBe(4);
    expect(later.episode?.parts.slice(0, 1)).toEqual(episode?.parts.slice(3, 4));
    await interrupt(harness.store, { chatId, ownerId: harness.ownerId });
    await harness.until(chatId, 'waiting');
    const closed = await harness.bus.request(subjects.workerEpisode(worker.workerId), request, {
      timeoutMs: 20_000,
    });
    expect(closed.episode?.is_closed).toBe(true);
    const whole = closed.episode?.parts.map(({ part }) => (part.type === 'text' ? part.text : '')).join('');
    expect(await answers(chatId)).toEqual([whole]);
  });

  it('names a new chat beside its first turn', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat(
      { reply: 'hello', structured: { title: 'A fine title' } },
      { title: 'please' },
    );
    await eventually(async () => expect((await harness.head(chatId)).title).toBe('A fine title'));
    await harness.until(chatId, 'waiting');
  });
});
