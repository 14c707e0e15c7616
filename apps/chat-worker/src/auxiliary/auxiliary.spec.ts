/** Titles, summaries and proposals around real turns, on Postgres and the strict mock. */
import { randomUUID } from 'node:crypto';
import { subjects, type TitleProposalRequest, type WatchEvent } from '@parley/contracts';
import { sql } from '@parley/database';
import { eventually } from '@parley/testing';
import { ask, Harness } from '../testing/harness';
import { isDue } from './chat-summaries';
import { callsOf, follow, recordedCalls, startBehindGate } from './testing/beside-turns';

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

beforeAll(async () => {
  harness = await Harness.open();
  await harness.bus.subscribe(subjects.userChats(harness.ownerId), (event) => void events.push(event));
});
afterEach(async () => {
  await harness.stopWorkers();
  events.length = 0;
});
afterAll(() => harness.close());

describe('The model that names chats', () => {
  const usedFor = async (chatId: string) =>
    eventually(async () => {
      const rows = await recordedCalls(harness, chatId);
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

  it('is not asked where titles are not wanted', async () => {
    await harness.startWorker({ settings: { chatTitles: false, chatSummaries: true } });
    const chatId = await harness.createChat(naming, { title: 'please' });
    for (const reply of ['Two.', 'Three.', 'Four.']) {
      await harness.until(chatId, 'waiting');
      await follow(harness, chatId, { reply, structured: { summary: 'Counting to four.' } });
    }
    // A title would have been asked for before the summary.
    await eventually(async () => expect((await harness.head(chatId)).summary).toBe('Counting to four.'));
    expect(await callsOf(harness, chatId)).toEqual(['summary finished']);
    expect((await harness.head(chatId)).title).toBe('please');
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
    expect(await callsOf(harness, untitled)).toEqual([]);
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
      await follow(harness, chatId, { reply, structured: { summary: 'Counting to four.' } });
    }
    await harness.until(chatId, 'waiting');
    await eventually(async () => expect((await harness.head(chatId)).summary).toBe('Counting to four.'));
    await eventually(() =>
      expect(events.filter(({ kind }) => kind === 'chat_summary_change')).toMatchObject([
        { chat: { id: chatId, summary: 'Counting to four.' } },
      ]),
    );
    expect(await callsOf(harness, chatId)).toEqual(['summary finished']);
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
    expect(await callsOf(harness, chatId)).toEqual(['proposal finished']);
    expect((await harness.head(chatId)).title).toBe('Named by hand');
    const wordy = ask({ structured: { title: 'one two three four five six seven eight nine' } });
    expect(await worker.titleProposals.propose(request(chatId, wordy))).toEqual({ result: 'unusable' });
    const nowhere = { ...request(chatId, 'Hello'), model_config_id: randomUUID() };
    expect(await worker.titleProposals.propose(nowhere)).toMatchObject({ result: 'failed', kind: 'config' });
  });

  it('is cut when it is dropped, and when the worker stops, which then takes no more', async () => {
    const { member, waiting } = await startBehindGate(harness, {});
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
