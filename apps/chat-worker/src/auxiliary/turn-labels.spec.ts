/** Labels around real turns, on Postgres and the strict mock. */
import { randomUUID } from 'node:crypto';
import { interrupt } from '@parley/chat-state';
import { subjects, systemClock, type PushTurnFinished, type WatchEvent } from '@parley/contracts';
import { sql } from '@parley/database';
import { eventually, FakeClock } from '@parley/testing';
import { Harness, type TestWorker, type TestWorkerOptions } from '../testing/harness';
import { callsOf, follow, startBehindGate } from './testing/beside-turns';

const subscribe = sql(
  'subscribe_for_label_test',
  `with k as (insert into webpush_keys values ('k', '', '') on conflict do nothing)
   insert into webpush_subscriptions (user_id, endpoint, p256dh_key, auth_key, vapid_public_key)
   values ($1, $2, '', '', 'k')`,
);
const unsubscribe = sql('unsubscribe_for_label_test', 'delete from webpush_subscriptions');

let harness: Harness;
const events: WatchEvent[] = [];
const jobs: PushTurnFinished[] = [];

beforeAll(async () => {
  harness = await Harness.open();
  await harness.bus.subscribe(subjects.userChats(harness.ownerId), (event) => void events.push(event));
  await harness.bus
    .workQueue(subjects.pushTurnFinished())
    .consume((job) => void jobs.push(job), { concurrency: 1 });
});
afterEach(async () => {
  await harness.stopWorkers();
  await harness.testDatabase.database.query(unsubscribe, []);
  events.length = 0;
  jobs.length = 0;
});
afterAll(() => harness.close());

const takeNotifications = () =>
  harness.testDatabase.database.query(subscribe, [harness.ownerId, `https://push.test/${randomUUID()}`]);
const forAll = (options: TestWorkerOptions): TestWorkerOptions => ({
  ...options,
  settings: { turnLabels: 'all', ...options.settings },
});
const labelling = (options: TestWorkerOptions = {}): Promise<TestWorker> =>
  harness.startWorker(forAll(options));
const startLabellingBehindGate = (options: TestWorkerOptions = {}) =>
  startBehindGate(harness, forAll(options));
const labelled = (chatId: string, label: string) =>
  eventually(async () => expect((await harness.head(chatId)).lastTurnSummary).toBe(label));

describe('The label of a turn', () => {
  it('is made when a turn has finished, told to lists of chats, and said by the notification', async () => {
    await takeNotifications();
    await labelling();
    const chatId = await harness.createChat({
      reply: 'The build is fine.',
      structured: { label: 'Checked the build' },
    });
    const { historyVersion } = await harness.until(chatId, 'waiting');
    await labelled(chatId, 'Checked the build');
    await eventually(() => {
      const changes = events.filter(({ kind, chat }) => kind === 'summary_change' && chat.id === chatId);
      expect(changes).toMatchObject([{ chat: { last_turn_summary: 'Checked the build' } }]);
    });
    await eventually(() =>
      expect(jobs).toMatchObject([
        { kind: 'finish', history_version: historyVersion, text: 'Checked the build' },
      ]),
    );
    await eventually(async () => expect(await callsOf(harness, chatId)).toEqual(['label finished']));
    const asked = (await harness.ledger()).filter(({ purpose }) => purpose === 'structured').at(-1);
    expect(asked?.last_user_text).toContain('The build is fine.');
  });

  it('is made of what was said when the client is asked, and fixed when nothing was', async () => {
    await labelling();
    const tools = {
      dynamicTools: [{ name: 'ask', description: '', input_schema: { type: 'object' as const } }],
    };
    const calls = [{ name: 'ask', arguments: {} }];
    const silent = await harness.createChat({ tool_calls: [calls] }, tools);
    await harness.until(silent, 'requires_action');
    await labelled(silent, 'Waiting for you');
    expect(await callsOf(harness, silent)).toEqual([]);
    const talking = await harness.createChat(
      { tool_calls: [{ text: 'Which date?', calls }], structured: { label: 'Asks for a date' } },
      tools,
    );
    await harness.until(talking, 'requires_action');
    await labelled(talking, 'Asks for a date');
  });

  it('of a failed turn is fixed: a model that just failed is not asked, and the notification tells the error', async () => {
    await takeNotifications();
    await labelling();
    const chatId = await harness.createChat({ fault: { kind: 'status', status: 401 } });
    const { lastError } = await harness.until(chatId, 'error');
    await labelled(chatId, 'Turn failed');
    await eventually(() => expect(jobs).toMatchObject([{ kind: 'error', text: lastError?.message }]));
    expect(await callsOf(harness, chatId)).toEqual([]);
  });

  it('is a fixed one when the model has none, or too long a one, and the notification tells the answer', async () => {
    await takeNotifications();
    await labelling();
    const chatId = await harness.createChat({
      reply: 'All is well.',
      structured: { label: 'one two three four five six' },
    });
    await harness.until(chatId, 'waiting');
    await labelled(chatId, 'Turn finished');
    await eventually(() => expect(jobs).toMatchObject([{ text: 'All is well.' }]));
    await eventually(async () => expect(await callsOf(harness, chatId)).toEqual(['label finished']));
  });

  it('that comes when the history has moved on is not stored; a newer end gives the older label up', async () => {
    const { open, waiting } = await startLabellingBehindGate();
    const chatId = await harness.createChat({ structured: { label: 'The first one' } });
    await harness.until(chatId, 'waiting');
    await eventually(() => expect(waiting()).toBe(1));
    await follow(harness, chatId, { reply: 'Second.', structured: { label: 'The second one' } });
    await eventually(() => expect(waiting()).toBe(2));
    open();
    await labelled(chatId, 'The second one');
    const labels = (): unknown[] =>
      events.filter(({ kind }) => kind === 'summary_change').map(({ chat }) => chat.last_turn_summary);
    // The row comes before the event that tells of it.
    await eventually(() => expect(labels()).toEqual(['The second one']));
  });

  it('holds a notification up for 3 s at most', async () => {
    await takeNotifications();
    const clock = new FakeClock(Date.now());
    const patience = {
      now: () => clock.now(),
      sleep: (ms: number, options: { name: string; signal?: AbortSignal | undefined }) =>
        options.name === 'label for push' ? clock.sleep(ms, options) : systemClock.sleep(ms, options),
    };
    const { open } = await startLabellingBehindGate({ clock: patience });
    const chatId = await harness.createChat({ reply: 'All is well.', structured: { label: 'Late label' } });
    await harness.until(chatId, 'waiting');
    await clock.waitForSleeper('label for push');
    expect(jobs).toEqual([]);
    await clock.advance(3_000);
    await eventually(() => expect(jobs).toMatchObject([{ text: 'All is well.' }]));
    open();
    await labelled(chatId, 'Late label');
  });

  it('under way at a stop is cut, and the notification goes out without it', async () => {
    await takeNotifications();
    const { member, waiting } = await startLabellingBehindGate();
    const chatId = await harness.createChat({ reply: 'All is well.' });
    await harness.until(chatId, 'waiting');
    await eventually(() => expect(waiting()).toBe(1));
    await member.stop();
    expect(jobs).toMatchObject([{ chat_id: chatId, text: 'All is well.' }]);
    expect((await harness.head(chatId)).lastTurnSummary).toBeNull();
  });

  it('is a fixed one when there is no room for more calls', async () => {
    const { open, waiting } = await startLabellingBehindGate({ settings: { maxAuxiliaryCalls: 1 } });
    const chatIds = await Promise.all(Array.from({ length: 28 }, () => harness.createChat('Hello')));
    await Promise.all(chatIds.map((chatId) => harness.until(chatId, 'waiting')));
    // One is asked for, 25 wait for their turn, and 2 find no room.
    await eventually(async () => {
      const heads = await Promise.all(chatIds.map((chatId) => harness.head(chatId)));
      const labels = heads.map(({ lastTurnSummary }) => lastTurnSummary);
      expect(labels.filter((label) => label === 'Turn finished')).toHaveLength(2);
      expect(labels.filter((label) => label === null)).toHaveLength(26);
    });
    expect(waiting()).toBe(1);
    open();
  });

  it('is for those who take notifications only, or nobody, where the deployment says so', async () => {
    const count = async () => (await harness.ledger()).length;
    const idle = await harness.startWorker({ settings: { turnLabels: 'none' } });
    let before = await count();
    await harness.until(await harness.createChat('Hello'), 'waiting');
    await idle.stop();
    expect(await count()).toBe(before + 1);
    const notifying = await harness.startWorker({ settings: { turnLabels: 'notified' } });
    before = await count();
    await harness.until(await harness.createChat('Hello'), 'waiting');
    await takeNotifications();
    harness.bus.publish(subjects.configChanged('subscriptions'), { id: harness.ownerId });
    const told = await harness.createChat({ reply: 'Hello', structured: { label: 'Said hello' } });
    await labelled(told, 'Said hello');
    await notifying.stop();
    expect(await count()).toBe(before + 3);
  });

  it('is not made of an interrupted turn', async () => {
    const member = await labelling();
    const chatId = await harness.createChat({ reply: 'word '.repeat(400), chunk_count: 400, chunk_ms: 10 });
    await harness.partsOf(chatId, 2);
    await interrupt(harness.store, { chatId, ownerId: harness.ownerId });
    await harness.until(chatId, 'waiting');
    await member.stop();
    expect((await harness.head(chatId)).lastTurnSummary).toBeNull();
    expect(await callsOf(harness, chatId)).toEqual(['turn interrupted']);
  });
});
