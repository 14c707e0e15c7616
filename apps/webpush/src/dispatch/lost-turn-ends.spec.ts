/** A worker commits the end of a turn and dies before it tells of it: only its row of the lease and the chat's row are left. */
import { randomUUID } from 'node:crypto';
import { createInProcessBus, type Bus } from '@parley/bus';
import {
  acquire,
  clearContext,
  createChat,
  enterAction,
  fail,
  finishInterruption,
  finishTurn,
  interrupt,
  renewLease,
  send,
  type ChatHead,
  type ChatStore,
} from '@parley/chat-state';
import { subjects, systemClock, type MessagePart, type PushTurnFinished } from '@parley/contracts';
import { sql } from '@parley/database';
import { createTestDatabase, eventually, type TestDatabase } from '@parley/testing';
import { LostTurnEnds } from './lost-turn-ends';

const seed = sql(
  'seed_lost_ends_test',
  `with o as (insert into organizations (id, name, display_name) values ($1, 'o', 'O')),
        u as (insert into users (id, email, username) values ($2, 'u@example.com', 'u')),
        p as (insert into chat_providers (id, type, name) values ($3, 'openai', 'p'))
   insert into chat_model_configs (id, organization_id, ai_provider_id, model, context_limit, compression_threshold)
   values ($4, $1, $3, 'm', 1000, 80)`,
);
const dieOut = sql(
  'die_out_lost_ends_test',
  `update workers set lease_expires_at = now() - interval '1 second'`,
);
const makeChild = sql(
  'child_lost_ends_test',
  'update chats set parent_chat_id = $2, root_chat_id = $2 where id = $1',
);
const age = sql(
  'age_lost_ends_test',
  `update chats set updated_at = now() - interval '2 hours' where id = $1`,
);
const removeChats = sql('remove_lost_ends_test', 'delete from chats');

const [organizationId, ownerId, modelConfigId] = [randomUUID(), randomUUID(), randomUUID()];
const say = (text: string): MessagePart[] => [{ type: 'text', text }];
const user = (text: string) => ({
  role: 'user' as const,
  content: say(text),
  createdBy: ownerId,
  modelConfigId,
});
const answer = (text: string) => ({ role: 'assistant' as const, content: say(text), modelConfigId });

describe('Ends of turns whose worker died', () => {
  let test: TestDatabase;
  let bus: Bus;
  let store: ChatStore;
  const jobs: PushTurnFinished[] = [];

  beforeAll(async () => {
    test = await createTestDatabase();
    await test.database.query(seed, [organizationId, ownerId, randomUUID(), modelConfigId]);
  });
  beforeEach(async () => {
    bus = createInProcessBus();
    store = { database: test.database, bus };
    await bus
      .workQueue(subjects.pushTurnFinished())
      .consume((job) => void jobs.push(job), { concurrency: 1 });
  });
  afterEach(async () => {
    await bus.drain();
    jobs.length = 0;
    await test.database.query(removeChats, []);
  });
  afterAll(() => test.drop());

  const net = (): LostTurnEnds =>
    new LostTurnEnds({
      database: test.database,
      bus,
      clock: systemClock,
      random: () => 0.5,
      metrics: { dispatched: () => undefined, pushed: () => undefined, recovered: () => undefined },
      logger: { warn: () => undefined },
      maxAgeMs: 3_600_000,
    });

  /** A chat whose worker has just begun its turn. */
  async function running(): Promise<{
    head: ChatHead;
    fence: { chatId: string; runnerId: string; historyVersion: number };
  }> {
    const created = await createChat(store, {
      organizationId,
      ownerId,
      title: 'My chat',
      titleSource: 'manual',
      modelConfigId,
      userMessage: user('Hello'),
    });
    if (!created.ok) throw new Error(created.reason);
    const workerId = randomUUID();
    await renewLease(test.database, { workerId, hostname: 'test', leaseMs: 600_000 });
    const head = await acquire(store, { workerId, chatId: created.chat.id });
    if (head?.runnerId == null) throw new Error('not acquired');
    return { head, fence: { chatId: head.id, runnerId: head.runnerId, historyVersion: head.historyVersion } };
  }

  async function found(): Promise<PushTurnFinished[]> {
    await test.database.query(dieOut, []);
    const added = await net().tick();
    await eventually(() => expect(jobs).toHaveLength(added));
    return jobs;
  }

  it('are told as the worker would have: finished, failed, waiting for the client', async () => {
    const finished = await running();
    const done = await finishTurn(store, { fence: finished.fence, messages: [answer('All is well.')] });
    const failed = await running();
    await fail(store, { fence: failed.fence, error: { message: 'No more money', retryable: false } });
    const asking = await running();
    const openCalls = [{ tool_call_id: 'c', tool_name: 't', dynamic: true }];
    await enterAction(store, { fence: asking.fence, messages: [answer('Well?')], openCalls });
    const shown = (await found()).map(({ chat_id, kind, text, title }) => ({ chat_id, kind, text, title }));
    const title = 'My chat';
    expect(shown).toHaveLength(3);
    expect(shown).toEqual(
      expect.arrayContaining([
        { chat_id: finished.head.id, kind: 'finish', text: 'All is well.', title },
        { chat_id: failed.head.id, kind: 'error', text: 'No more money', title },
        { chat_id: asking.head.id, kind: 'requires_action', text: '', title },
      ]),
    );
    const version = done.ok ? done.chat.historyVersion : 0;
    expect(jobs.find(({ chat_id }) => chat_id === finished.head.id)?.history_version).toBe(version);
  });

  it('are told once, also by a replica that does not know of the others', async () => {
    const { fence } = await running();
    await finishTurn(store, { fence, messages: [answer('a')] });
    await test.database.query(dieOut, []);
    const one = net();
    expect([await one.tick(), await one.tick(), await net().tick()]).toEqual([1, 0, 1]);
    await eventually(() => expect(jobs).toHaveLength(1));
    await bus.drain();
    expect(jobs).toHaveLength(1);
  });

  it.each([
    ['with', [answer('half an ans')]],
    ['without', []],
  ])('are not told of an interrupted turn %s text', async (_what, messages) => {
    const { head, fence } = await running();
    await interrupt(store, { chatId: head.id, ownerId });
    expect((await finishInterruption(store, { fence, messages })).ok).toBe(true);
    expect(await found()).toEqual([]);
  });

  it('are told of the turn after an interrupted one', async () => {
    const { head, fence } = await running();
    await interrupt(store, { chatId: head.id, ownerId });
    await finishInterruption(store, { fence, messages: [answer('half')] });
    const sent = await send(store, {
      chatId: head.id,
      ownerId,
      content: say('Again'),
      busyBehavior: 'queue',
    });
    if (!sent.ok) throw new Error(sent.reason);
    const historyVersion = sent.chat.historyVersion;
    await finishTurn(store, { fence: { ...fence, historyVersion }, messages: [answer('whole')] });
    expect(await found()).toMatchObject([{ kind: 'finish', text: 'whole' }]);
  });

  it('are not told of subagents, of cleared chats, of old turns, of live workers, of chats that go on', async () => {
    const [child, cleared, old, live, going] = [
      await running(),
      await running(),
      await running(),
      await running(),
      await running(),
    ];
    for (const { fence } of [child, cleared, old])
      await finishTurn(store, { fence, messages: [answer('a')] });
    await test.database.query(makeChild, [child.head.id, going.head.id]);
    await clearContext(store, { chatId: cleared.head.id, ownerId });
    await test.database.query(age, [old.head.id]);
    expect(await found()).toEqual([]);
    const workerId = live.head.workerId ?? '';
    await renewLease(test.database, { workerId, hostname: 'test', leaseMs: 600_000 });
    await finishTurn(store, { fence: live.fence, messages: [answer('a')] });
    expect(await net().tick()).toBe(0);
  });
});
