/** Labels, summaries, titles and proposals around real turns, on Postgres and the strict mock. */
import { randomUUID } from 'node:crypto';
import { interrupt, send } from '@parley/chat-state';
import {
  pushTextOf,
  subjects,
  systemClock,
  type PushTurnFinished,
  type TitleProposalRequest,
  type WatchEvent,
} from '@parley/contracts';
import { sql } from '@parley/database';
import type { ModelClient, ResolvedModel } from '@parley/llm';
import type { ControlInput } from '@parley/llmmock';
import { eventually, FakeClock } from '@parley/testing';
import { ask, Harness, type TestWorker, type TestWorkerOptions } from '../testing/harness';
import { isDue } from './chat-summaries';

const readCalls = sql(
  'read_calls_for_worker_test',
  'select purpose, outcome, model_config_id from chat_model_calls where chat_id = $1 order by created_at, id',
);
const subscribe = sql(
  'subscribe_for_label_test',
  `with k as (insert into webpush_keys values ('k', '', '') on conflict do nothing)
   insert into webpush_subscriptions (user_id, endpoint, p256dh_key, auth_key, vapid_public_key)
   values ($1, $2, '', '', 'k')`,
);
const unsubscribe = sql('unsubscribe_for_label_test', 'delete from webpush_subscriptions');
const addModel = sql(
  'add_model_for_worker_test',
  `insert into chat_model_configs (id, organization_id, ai_provider_id, model, context_limit, compression_threshold)
   select $1, organization_id, ai_provider_id, $3, context_limit, compression_threshold
   from chat_model_configs where id = $2`,
);

const override = sql(
  'override_for_worker_test',
  `insert into chat_organization_model_overrides (organization_id, purpose, model_config_id) values ($1, 'title_generation', $2)`,
);
const withoutOverrides = sql('no_overrides_for_worker_test', 'delete from chat_organization_model_overrides');
const disable = sql(
  'disable_model_for_worker_test',
  'update chat_model_configs set enabled = false where id = $1',
);

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
const labelling = (options: TestWorkerOptions = {}): Promise<TestWorker> =>
  harness.startWorker({ ...options, settings: { turnLabels: 'all', ...options.settings } });
const labelled = (chatId: string, label: string) =>
  eventually(async () => expect((await harness.head(chatId)).lastTurnSummary).toBe(label));
const callsOf = async (chatId: string) =>
  (
    await harness.testDatabase.database.query<{ purpose: string; outcome: string; model_config_id: string }>(
      readCalls,
      [chatId],
    )
  ).map(({ purpose, outcome }) => `${purpose} ${outcome}`);
const follow = async (chatId: string, control: ControlInput) => {
  const content = [{ type: 'text' as const, text: ask(control) }];
  const sent = await send(harness.store, {
    chatId,
    ownerId: harness.ownerId,
    content,
    busyBehavior: 'queue',
  });
  expect(sent.ok).toBe(true);
};

/** The worker's models, whose answers in JSON wait at a gate. */
function gatedModels(): {
  around: (model: ResolvedModel) => ResolvedModel;
  open: () => void;
  waiting: () => number;
} {
  let open: () => void = () => undefined;
  let waiting = 0;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const around = (model: ResolvedModel): ResolvedModel => {
    const client: ModelClient = {
      ...model.client,
      async *stream(request, signal) {
        if (request.responseFormat !== undefined) {
          waiting += 1;
          await Promise.race([
            gate,
            new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
          ]);
        }
        yield* model.client.stream(request, signal);
      },
    };
    return { ...model, client };
  };
  return { around, open: () => open(), waiting: () => waiting };
}

async function labellingBehindGate(options: TestWorkerOptions = {}) {
  const gated = gatedModels();
  const source = await harness.addWorker();
  const resolve = async (id: string) => gated.around(await source.models.resolve(id));
  const member = await labelling({ ...options, models: { resolve } });
  return { ...gated, member };
}

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
    await eventually(async () => expect(await callsOf(chatId)).toEqual(['label finished']));
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
    expect(await callsOf(silent)).toEqual([]);
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
    expect(await callsOf(chatId)).toEqual([]);
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
    await eventually(async () => expect(await callsOf(chatId)).toEqual(['label finished']));
  });

  it('that comes when the history has moved on is not stored; a newer end gives the older label up', async () => {
    const { open, waiting } = await labellingBehindGate();
    const chatId = await harness.createChat({ structured: { label: 'The first one' } });
    await harness.until(chatId, 'waiting');
    await eventually(() => expect(waiting()).toBe(1));
    await follow(chatId, { reply: 'Second.', structured: { label: 'The second one' } });
    await eventually(() => expect(waiting()).toBe(2));
    open();
    await labelled(chatId, 'The second one');
    const labels = events
      .filter(({ kind }) => kind === 'summary_change')
      .map(({ chat }) => chat.last_turn_summary);
    expect(labels).toEqual(['The second one']);
  });

  it('holds a notification up for 3 s at most', async () => {
    await takeNotifications();
    const clock = new FakeClock(Date.now());
    const patience = {
      now: () => clock.now(),
      sleep: (ms: number, options: { name: string; signal?: AbortSignal | undefined }) =>
        options.name === 'label for push' ? clock.sleep(ms, options) : systemClock.sleep(ms, options),
    };
    const { open } = await labellingBehindGate({ clock: patience });
    const chatId = await harness.createChat({ reply: 'All is well.', structured: { label: 'Late label' } });
    await harness.until(chatId, 'waiting');
    await clock.waitForSleeper('label for push');
    expect(jobs).toEqual([]);
    await clock.advance(3_000);
    await eventually(() =>
      expect(jobs).toMatchObject([{ text: pushTextOf([{ type: 'text', text: 'All is well.' }]) }]),
    );
    open();
    await labelled(chatId, 'Late label');
  });

  it('under way at a stop is cut, and the notification goes out without it', async () => {
    await takeNotifications();
    const { member, waiting } = await labellingBehindGate();
    const chatId = await harness.createChat({ reply: 'All is well.' });
    await harness.until(chatId, 'waiting');
    await eventually(() => expect(waiting()).toBe(1));
    await member.stop();
    expect(jobs).toMatchObject([{ chat_id: chatId, text: 'All is well.' }]);
    expect((await harness.head(chatId)).lastTurnSummary).toBeNull();
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
    expect(await callsOf(chatId)).toEqual(['turn interrupted']);
  });
});

describe('The model that names chats', () => {
  const usedFor = async (chatId: string) =>
    eventually(async () => {
      const rows = await harness.testDatabase.database.query<{ model_config_id: string }>(readCalls, [
        chatId,
      ]);
      expect(rows).toHaveLength(1);
      return rows[0]?.model_config_id;
    });
  const naming = { reply: 'Hello', structured: { title: 'A fine title' } };

  it('is a known cheap one of the same provider; the chat stays with its own', async () => {
    const cheap = randomUUID();
    await harness.testDatabase.database.query(addModel, [cheap, harness.modelConfigId, 'gpt-5-nano']);
    await harness.startWorker();
    const chatId = await harness.createChat(naming, { title: 'please' });
    const head = await harness.until(chatId, 'waiting');
    expect(await usedFor(chatId)).toBe(cheap);
    expect(head.lastModelConfigId).toBe(harness.modelConfigId);
    await eventually(async () => expect((await harness.head(chatId)).title).toBe('A fine title'));
  });

  it('is the override of the organization; one that cannot be used is not replaced', async () => {
    const { database } = harness.testDatabase;
    const theirs = randomUUID();
    await database.query(addModel, [theirs, harness.modelConfigId, 'theirs']);
    await database.query(override, [harness.organizationId, theirs]);
    const first = await harness.startWorker();
    const chatId = await harness.createChat(naming, { title: 'please' });
    expect(await usedFor(chatId)).toBe(theirs);
    await first.stop();
    await database.query(disable, [theirs]);
    const second = await harness.startWorker();
    const untitled = await harness.createChat(naming, { title: 'please' });
    await harness.until(untitled, 'waiting');
    await eventually(() => expect(second.logged).toContain('No title was generated'));
    await second.stop();
    expect(await callsOf(untitled)).toEqual([]);
    expect((await harness.head(untitled)).title).toBe('please');
    await database.query(withoutOverrides, []);
  });
});

describe('The summary of a chat', () => {
  it.each([
    [3, null, false],
    [4, null, true],
    [6, null, false],
    [8, null, true],
    [12, null, true],
    [12, 'made', false],
    [16, 'made', true],
  ])('at turn %d with %j before is due: %j', (turns, previous, due) => {
    expect(isDue(turns, previous)).toBe(due);
  });

  it('is made at the fourth turn, and told to lists of chats', async () => {
    await harness.startWorker({ settings: { chatSummaries: true } });
    const chatId = await harness.createChat({ reply: 'One.' });
    for (const reply of ['Two.', 'Three.', 'Four.']) {
      await harness.until(chatId, 'waiting');
      expect((await harness.head(chatId)).summary).toBeNull();
      await follow(chatId, { reply, structured: { summary: 'Counting to four.' } });
    }
    await harness.until(chatId, 'waiting');
    await eventually(async () => expect((await harness.head(chatId)).summary).toBe('Counting to four.'));
    await eventually(() =>
      expect(events.filter(({ kind }) => kind === 'chat_summary_change')).toMatchObject([
        { chat: { id: chatId, summary: 'Counting to four.' } },
      ]),
    );
    expect(await callsOf(chatId)).toEqual(['summary finished']);
  });
});

describe('A proposal of a title', () => {
  const request = (chatId: string, conversation: string): TitleProposalRequest => ({
    proposal_id: randomUUID(),
    chat_id: chatId,
    organization_id: harness.organizationId,
    owner_id: harness.ownerId,
    model_config_id: harness.modelConfigId,
    conversation,
  });

  it('is made without being stored, and is in the ledger when it is told', async () => {
    const { worker } = await harness.startWorker();
    const chatId = await harness.createChat('Hello');
    await harness.until(chatId, 'waiting');
    const proposing = ask({ structured: { title: 'A fine title' } });
    expect(await worker.titleProposals.propose(request(chatId, proposing))).toEqual({
      result: 'title',
      title: 'A fine title',
    });
    expect(await callsOf(chatId)).toEqual(['proposal finished']);
    expect((await harness.head(chatId)).title).toBe('Named by hand');
    const wordy = ask({ structured: { title: 'one two three four five six seven eight nine' } });
    expect(await worker.titleProposals.propose(request(chatId, wordy))).toEqual({ result: 'unusable' });
    const nowhere = { ...request(chatId, 'Hello'), model_config_id: randomUUID() };
    expect(await worker.titleProposals.propose(nowhere)).toMatchObject({ result: 'failed', kind: 'config' });
  });

  it('is cut when it is dropped, and when the worker stops, which then takes no more', async () => {
    const { member, waiting } = await labellingBehindGate({ settings: { turnLabels: 'none' } });
    const { titleProposals } = member.worker;
    const chatId = await harness.createChat('Hello');
    await harness.until(chatId, 'waiting');
    const first = request(chatId, 'Hello');
    const dropping = titleProposals.propose(first);
    await eventually(() => expect(waiting()).toBe(1));
    titleProposals.drop(randomUUID());
    titleProposals.drop(first.proposal_id);
    expect(await dropping).toEqual({ result: 'dropped' });
    const stopped = titleProposals.propose(request(chatId, 'Hello'));
    await eventually(() => expect(waiting()).toBe(2));
    await member.stop();
    expect(await stopped).toEqual({ result: 'busy' });
    expect(await titleProposals.propose(request(chatId, 'Hello'))).toEqual({ result: 'busy' });
  });
});
