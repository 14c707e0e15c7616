import { randomUUID } from 'node:crypto';
import { interrupt } from '@parley/chat-state';
import { MAX_PUSH_TEXT_BYTES, pushTextOf, subjects, type PushTurnFinished } from '@parley/contracts';
import { sql } from '@parley/database';
import { eventually } from '@parley/testing';
import { Harness } from './testing/harness';

const insertKey = sql(
  'key_for_worker_test',
  `insert into webpush_keys values ('k', '', '') on conflict do nothing`,
);
const subscribe = sql(
  'subscribe_for_worker_test',
  `insert into webpush_subscriptions (user_id, endpoint, p256dh_key, auth_key, vapid_public_key)
   values ($1, $2, '', '', 'k')`,
);
const unsubscribe = sql('unsubscribe_for_worker_test', 'delete from webpush_subscriptions');
const makeChild = sql(
  'make_child_for_worker_test',
  'update chats set parent_chat_id = $2, root_chat_id = $2 where id = $1',
);

describe('The jobs that tell of ended turns', () => {
  let harness: Harness;
  const jobs: PushTurnFinished[] = [];
  const ids: string[] = [];

  beforeAll(async () => {
    harness = await Harness.open();
    await harness.bus.workQueue(subjects.pushTurnFinished()).consume(
      (job, { messageId }) => {
        jobs.push(job);
        ids.push(messageId);
      },
      { concurrency: 1 },
    );
  });
  beforeEach(async () => {
    const { database } = harness.testDatabase;
    await database.query(insertKey, []);
    await database.query(subscribe, [harness.ownerId, `https://push.test/${randomUUID()}`]);
  });
  afterEach(async () => {
    await harness.stopWorkers();
    await harness.testDatabase.database.query(unsubscribe, []);
    jobs.length = 0;
    ids.length = 0;
  });
  afterAll(() => harness.close());

  it('a finished turn makes one job, with the title and the text of the answer', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat({ reply: 'All is well.' });
    const { historyVersion } = await harness.until(chatId, 'waiting');
    await eventually(() => expect(jobs).toHaveLength(1));
    expect(jobs[0]).toMatchObject({
      chat_id: chatId,
      owner_id: harness.ownerId,
      history_version: historyVersion,
      kind: 'finish',
      title: 'Named by hand',
      text: 'All is well.',
    });
    expect(ids).toEqual([`${chatId}.${historyVersion}.finish`]);
  });

  it('a turn that fails, and one that waits for the client, tell so', async () => {
    await harness.startWorker();
    const failing = await harness.createChat({ fault: { kind: 'status', status: 401 } });
    const { lastError } = await harness.until(failing, 'error');
    await eventually(() => expect(jobs).toHaveLength(1));
    expect(jobs[0]).toMatchObject({ chat_id: failing, kind: 'error', text: lastError?.message });
    const asking = await harness.createChat(
      { tool_calls: [[{ name: 'ask', arguments: {} }]] },
      { dynamicTools: [{ name: 'ask', description: '', input_schema: { type: 'object' } }] },
    );
    await harness.until(asking, 'requires_action');
    await eventually(() => expect(jobs).toHaveLength(2));
    expect(jobs[1]).toMatchObject({ chat_id: asking, kind: 'requires_action' });
  });

  it('an interrupted turn makes none, a subagent none, and nobody without a browser one', async () => {
    const member = await harness.startWorker();
    const chatId = await harness.createChat({ reply: 'word '.repeat(400), chunk_count: 400, chunk_ms: 10 });
    await eventually(() => harness.parts.some((parts) => parts.chat_id === chatId));
    await interrupt(harness.store, { chatId, ownerId: harness.ownerId });
    await harness.until(chatId, 'waiting');
    await member.stop();
    const other = await harness.addWorker();
    const child = await harness.createChat('Hello');
    await harness.testDatabase.database.query(makeChild, [child, chatId]);
    await other.worker.start();
    await harness.until(child, 'waiting');
    await harness.testDatabase.database.query(unsubscribe, []);
    harness.bus.publish(subjects.configChanged('subscriptions'), { id: harness.ownerId });
    const unheard = await harness.createChat('Hello again');
    await harness.until(unheard, 'waiting');
    await other.stop();
    expect(jobs).toEqual([]);
  });

  it('a browser that was subscribed meanwhile is told of the next turn', async () => {
    const { database } = harness.testDatabase;
    await database.query(unsubscribe, []);
    await harness.startWorker();
    await harness.until(await harness.createChat('Hello'), 'waiting');
    await database.query(subscribe, [harness.ownerId, 'https://push.test/new']);
    harness.bus.publish(subjects.configChanged('subscriptions'), { id: harness.ownerId });
    const chatId = await harness.createChat('Hello again');
    await eventually(() => expect(jobs.map((job) => job.chat_id)).toEqual([chatId]));
  });
});

describe('The text of a notification', () => {
  it('is the text parts of the answer, cut between two characters', () => {
    const parts = ['one', '', 'two'].map((text) => ({ type: 'text' as const, text }));
    expect(pushTextOf([...parts, { type: 'reasoning', text: 'hidden' }])).toBe('one\ntwo');
    for (const character of ['a', 'é', '€', '𝄞']) {
      const text = pushTextOf([{ type: 'text', text: `a${character.repeat(MAX_PUSH_TEXT_BYTES)}` }]);
      const bytes = Buffer.byteLength(text);
      expect(bytes).toBeLessThanOrEqual(MAX_PUSH_TEXT_BYTES);
      expect(bytes).toBeGreaterThan(MAX_PUSH_TEXT_BYTES - 4);
      expect(text).toBe(`a${character.repeat([...text].length - 1)}`);
    }
  });
});
