import { AsyncResource } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import { readChat, readOwnedRunnable } from '../reads/read-chat';
import { arrangeChat } from '../testing/arrange-chat';
import { createFixture, testSql, type Fixture } from '../testing/fixture';
import { forgetWorker, readDeadWorkers, renewLease, retireWorker } from '../worker-lease';
import { acquire } from './acquire';
import { acquireRunnable } from './acquire-runnable';
import { release } from './release';
import { releaseAll } from './release-all';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterEach(async () => {
  await fixture.test.database.query(testSql('delete from chats'), []);
  await fixture.test.database.query(testSql('delete from workers where hostname = $1'), ['test']);
});
afterAll(() => fixture.close());

const registered = async (leaseMs = 60_000) => {
  const workerId = randomUUID();
  await renewLease(fixture.store.database, { workerId, hostname: 'test', leaseMs });
  return workerId;
};

describe('acquire', () => {
  test('takes an unowned chat, without counting an attempt', async () => {
    const chat = await arrangeChat(fixture, 'running', { isOwned: false });
    const head = await acquire(fixture.store, { chatId: chat.id, workerId: fixture.workerId });
    expect(head).toMatchObject({
      workerId: fixture.workerId,
      generationAttempt: 2,
      version: 11,
      historyVersion: 9,
    });
    expect(head?.runnerId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('leaves the chat of a worker that lives', async () => {
    const chat = await arrangeChat(fixture, 'running');
    expect(await acquire(fixture.store, { chatId: chat.id, workerId: await registered() })).toBeNull();
  });

  test('takes the chat of a worker whose lease ended, and counts the attempt that it may have begun', async () => {
    const chat = await arrangeChat(fixture, 'running', { workerId: fixture.deadWorkerId });
    const head = await acquire(fixture.store, { chatId: chat.id, workerId: fixture.workerId });
    expect(head).toMatchObject({ workerId: fixture.workerId, generationAttempt: 3 });
    expect(head?.runnerId).not.toBe(chat.runnerId);
  });

  test('counts no attempt for an interrupted turn', async () => {
    const chat = await arrangeChat(fixture, 'interrupting', { workerId: fixture.deadWorkerId });
    const head = await acquire(fixture.store, { chatId: chat.id, workerId: fixture.workerId });
    expect(head).toMatchObject({ generationAttempt: 2 });
  });

  test('takes its own chat again, with a new runner', async () => {
    const chat = await arrangeChat(fixture, 'running');
    const head = await acquire(fixture.store, { chatId: chat.id, workerId: fixture.workerId });
    expect(head?.runnerId).not.toBe(chat.runnerId);
  });

  test('is not for a worker that never registered', async () => {
    const chat = await arrangeChat(fixture, 'running', { isOwned: false });
    await expect(acquire(fixture.store, { chatId: chat.id, workerId: randomUUID() })).rejects.toThrow(
      'chats_worker_id_fkey',
    );
  });
});

describe('the sweep', () => {
  test('finds work that nobody alive owns, and nothing else', async () => {
    const wanted = [
      await arrangeChat(fixture, 'running', { isOwned: false }),
      await arrangeChat(fixture, 'interrupting+queue', { isOwned: false }),
      await arrangeChat(fixture, 'requires_action', { isOwned: false, isDeadlinePassed: true }),
      await arrangeChat(fixture, 'running', { workerId: fixture.deadWorkerId }),
    ];
    await arrangeChat(fixture, 'waiting', { isOwned: false });
    await arrangeChat(fixture, 'error+queue', { isOwned: false });
    await arrangeChat(fixture, 'requires_action', { isOwned: false });
    await arrangeChat(fixture, 'running');
    await arrangeChat(fixture, 'waiting', { workerId: fixture.deadWorkerId });
    const heads = await acquireRunnable(fixture.store, { workerId: fixture.workerId, limit: 10 });
    expect(heads.map((head) => head.id).sort()).toEqual(wanted.map((chat) => chat.id).sort());
    expect(await acquireRunnable(fixture.store, { workerId: fixture.workerId, limit: 10 })).toEqual([]);
  });

  test('lets owners take turns', async () => {
    for (let index = 0; index < 6; index++) await arrangeChat(fixture, 'running', { isOwned: false });
    const other = await arrangeChat({ ...fixture, ownerId: fixture.strangerId }, 'running', {
      isOwned: false,
    });
    await fixture.test.database.query(testSql('update chats set updated_at = now() where id = $1'), [
      other.id,
    ]);
    const heads = await acquireRunnable(fixture.store, { workerId: fixture.workerId, limit: 2 });
    expect(heads.map((head) => head.ownerId).sort()).toEqual([fixture.ownerId, fixture.strangerId].sort());
  });

  test('of two workers at once gives each chat to one of them, and both get as many as they may', async () => {
    for (let index = 0; index < 20; index++) await arrangeChat(fixture, 'running', { isOwned: false });
    const workers = await Promise.all([registered(), registered()]);
    const taken = await Promise.all(
      workers.map((workerId) => acquireRunnable(fixture.store, { workerId, limit: 10 })),
    );
    expect(new Set(taken.flat().map((head) => head.id)).size).toBe(taken.flat().length);
    const rest = await acquireRunnable(fixture.store, { workerId: fixture.workerId, limit: 20 });
    expect(taken.flat().length + rest.length).toBe(20);
  });

  test('passes over a chat that somebody is just changing', async () => {
    const busy = await arrangeChat(fixture, 'running', { isOwned: false });
    const free = await arrangeChat(fixture, 'running', { isOwned: false });
    const sweep = AsyncResource.bind(() =>
      acquireRunnable(fixture.store, { workerId: fixture.workerId, limit: 5 }),
    );
    await fixture.test.database.transaction(async (tx) => {
      await tx.query(testSql('select from chats where id = $1 for no key update'), [busy.id]);
      expect((await sweep()).map((head) => head.id)).toEqual([free.id]);
    });
  });
});

test('a worker finds its own work by a read that changes nothing', async () => {
  const running = await arrangeChat(fixture, 'running');
  const overdue = await arrangeChat(fixture, 'requires_action', { isDeadlinePassed: true });
  await arrangeChat(fixture, 'requires_action');
  await arrangeChat(fixture, 'waiting');
  const own = await readOwnedRunnable(fixture.store.database, { workerId: fixture.workerId });
  expect(own.map((one) => one.chatId).sort()).toEqual([running.id, overdue.id].sort());
  expect(own).toContainEqual({ chatId: running.id, runnerId: running.runnerId, version: 10 });
});

describe('release', () => {
  test('counts an attempt of a turn that runs, and none of one that does not', async () => {
    const running = await arrangeChat(fixture, 'running');
    const waiting = await arrangeChat(fixture, 'waiting');
    for (const [chat, generationAttempt] of [
      [running, 3],
      [waiting, 2],
    ] as const)
      expect(await release(fixture.store, { chatId: chat.id, runnerId: chat.runnerId })).toMatchObject({
        chat: { workerId: null, runnerId: null, generationAttempt },
      });
  });

  test('of all gives back everything that a worker owns', async () => {
    const chats = [await arrangeChat(fixture, 'running'), await arrangeChat(fixture, 'waiting')];
    const other = await arrangeChat(fixture, 'running', { workerId: fixture.deadWorkerId });
    const released = await releaseAll(fixture.store, { workerId: fixture.workerId });
    expect(released.sort()).toEqual(chats.map((chat) => chat.id).sort());
    expect(await readChat(fixture.store.database, { chatId: other.id })).toMatchObject({
      workerId: fixture.deadWorkerId,
    });
  });
});

describe('a lease', () => {
  test('that ended is renewed, and one that is retired ends at once', async () => {
    const workerId = await registered();
    const dead = () => readDeadWorkers(fixture.store.database, { afterMs: 0 });
    expect(await dead()).not.toContain(workerId);
    await retireWorker(fixture.store.database, workerId);
    expect(await dead()).toContain(workerId);
    await renewLease(fixture.store.database, { workerId, hostname: 'test', leaseMs: 1_000 });
    expect(await dead()).not.toContain(workerId);
  });

  test('is forgotten when its worker is dead and owns nothing', async () => {
    const chat = await arrangeChat(fixture, 'waiting', { workerId: fixture.deadWorkerId });
    const dead = () => readDeadWorkers(fixture.store.database, { afterMs: 0 });
    await forgetWorker(fixture.store.database, fixture.deadWorkerId);
    await forgetWorker(fixture.store.database, fixture.workerId);
    expect(await dead()).toEqual([fixture.deadWorkerId]);
    await release(fixture.store, { chatId: chat.id, runnerId: chat.runnerId });
    await forgetWorker(fixture.store.database, fixture.deadWorkerId);
    expect(await dead()).toEqual([]);
    expect(await fixture.test.database.query(testSql('select id from workers'), [])).toEqual([
      { id: fixture.workerId },
    ]);
  });
});
