import { randomUUID } from 'node:crypto';
import { interrupt, readTranscript, requestCompaction, send, type ChatHead } from '@parley/chat-state';
import type { ChatSettings } from '@parley/chat-settings';
import type { ChatMessage, ChatParts, ChatSummarized, ToolResultPart } from '@parley/contracts';
import { sql } from '@parley/database';
import type { ControlInput, LedgerEntryJson } from '@parley/llmmock';
import { eventually } from '@parley/testing';
import { ask, Harness, textOf, type TestWorker } from '../testing/harness';
import { testTool } from '../testing/test-tool';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

const look = testTool('look', () => Promise.resolve({ seen: true }));

/** Of a context limit of 100,000 tokens and a threshold of 80 percent. */
const FULL = { input_tokens: 85_000, output_tokens: 10 };

async function follow(chatId: string, control: ControlInput | string): Promise<void> {
  const text = typeof control === 'string' ? control : ask(control);
  const content = [{ type: 'text' as const, text }];
  const { ownerId } = harness;
  expect(await send(harness.store, { chatId, ownerId, content, busyBehavior: 'queue' })).toMatchObject({
    ok: true,
  });
}

/** The next message, to its answer. */
async function answered(chatId: string, control: ControlInput): Promise<ChatHead> {
  await follow(chatId, control);
  return eventually(async () => {
    const head = await harness.until(chatId, 'waiting');
    expect((await harness.texts(chatId)).at(-1)?.[1]).toBe(control.reply);
    return head;
  });
}

async function compactByHand(chatId: string): Promise<void> {
  expect(await requestCompaction(harness.store, { chatId, ownerId: harness.ownerId })).toMatchObject({
    ok: true,
    chat: { status: 'running' },
  });
}

const summaries = (messages: readonly ChatMessage[]): ChatSummarized[] =>
  messages
    .flatMap((message) => message.content)
    .filter((part): part is ToolResultPart => part.type === 'tool-result')
    .filter((part) => part.tool_name === 'chat_summarized')
    .map((part) => part.result as ChatSummarized);

/** Role and text of what the model sees. */
async function seenByModel(chatId: string): Promise<[string, string][]> {
  const rows = await readTranscript(harness.store.database, { chatId });
  return rows.map(({ role, content }) => [
    role,
    content.map((part) => (part.type === 'text' ? part.text : `<${part.type}>`)).join(''),
  ]);
}

const readCalls = sql(
  'test_read_calls',
  `select purpose, outcome, user_id, output_tokens from chat_model_calls
   where chat_id = $1 and purpose = 'compaction' order by created_at, id`,
);
interface CallRow {
  purpose: string;
  outcome: string;
  user_id: string;
  output_tokens: number | null;
}
const calls = (chatId: string): Promise<CallRow[]> =>
  harness.store.database.query<CallRow>(readCalls, [chatId]);

const requests = async (key: string): Promise<LedgerEntryJson[]> =>
  (await harness.ledger()).filter((entry) => entry.key === key);

const readsOf = ({ database }: TestWorker): number => database.statementCounts().get('read_transcript') ?? 0;

const settings = (own: Partial<ChatSettings>): ChatSettings => ({
  promptOverlay: () => Promise.resolve({ userPrompt: '', planModeInstructions: '' }),
  compactionThreshold: () => Promise.resolve(undefined),
  modelOverride: () => Promise.resolve(undefined),
  personalModelOverride: () => Promise.resolve(undefined),
  hasOwnKey: () => Promise.resolve(false),
  systemPrompts: () => Promise.resolve({ deployment: '', includesDefault: false, organization: '' }),
  ...own,
});

describe('a history that has grown over the threshold', () => {
  it('is summarised before the next answer, and the question is kept word for word', async () => {
    const worker = await harness.startWorker();
    const summary = { key: 'auto-summary', reply: 'They agreed on blue.' };
    const chatId = await harness.createChat({ reply: 'blue', usage: FULL, summary });
    await harness.until(chatId, 'waiting');
    await answered(chatId, { key: 'auto-2', reply: 'second answer', summary });
    const messages = await harness.messages(chatId);
    expect(messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'user',
      'assistant',
      'tool',
      'assistant',
    ]);
    expect(summaries(messages)).toEqual([
      {
        summary: 'They agreed on blue.',
        source: 'automatic',
        threshold: 80,
        usage_percent: 85,
        context_tokens: 85_000,
        context_limit: 100_000,
        estimated: false,
      },
    ]);
    const seen = await seenByModel(chatId);
    expect(seen.map(([role]) => role)).toEqual(['user', 'user', 'assistant']);
    expect(seen[0]?.[1]).toContain('They agreed on blue.');
    expect(seen[1]?.[1]).toBe(messages[2] && textOf(messages[2]));
    expect(await requests('auto-summary')).toMatchObject([{ purpose: 'summary', message_count: 4 }]);
    expect(await requests('auto-2')).toMatchObject([{ message_count: 2 }]);
    expect(await calls(chatId)).toMatchObject([{ outcome: 'finished', user_id: harness.ownerId }]);

    // The worker's own copy of the history is the one in Postgres.
    const reads = readsOf(worker);
    await answered(chatId, { key: 'auto-3', reply: 'third answer' });
    expect(readsOf(worker)).toBe(reads);
    expect(await requests('auto-3')).toMatchObject([{ message_count: 4 }]);
  });

  it('is summarised at the own threshold of its user, and at 100 percent never', async () => {
    let threshold = 100;
    await harness.startWorker({
      chatSettings: settings({ compactionThreshold: () => Promise.resolve(threshold) }),
    });
    const chatId = await harness.createChat({ reply: 'one', usage: { input_tokens: 99_999 } });
    await harness.until(chatId, 'waiting');
    await answered(chatId, { reply: 'two', usage: { input_tokens: 20_000 } });
    expect(summaries(await harness.messages(chatId))).toEqual([]);
    threshold = 20;
    await answered(chatId, { reply: 'three' });
    expect(summaries(await harness.messages(chatId))).toMatchObject([{ threshold: 20, usage_percent: 20 }]);
  });

  it('is measured against the stricter limit, and summarised by the model for it', async () => {
    const [modelId, brokenId] = [randomUUID(), randomUUID()];
    await harness.store.database.query(addModels, [[modelId, brokenId], harness.modelConfigId]);
    let override = modelId;
    const member = await harness.startWorker({
      chatSettings: settings({ modelOverride: () => Promise.resolve(override) }),
    });
    const usage = { input_tokens: 9_000 };
    const summary = { key: 'strict', reply: 'short' };
    const chatId = await harness.createChat({ reply: 'one', usage, summary });
    await harness.until(chatId, 'waiting');
    await answered(chatId, { reply: 'two', usage, summary });
    expect(summaries(await harness.messages(chatId))).toMatchObject([
      { context_limit: 10_000, usage_percent: 90 },
    ]);
    expect(await requests('strict')).toMatchObject([{ model: 'small' }]);

    override = brokenId;
    await compactByHand(chatId);
    await eventually(async () => expect(summaries(await harness.messages(chatId))).toHaveLength(2));
    expect((await requests('strict')).map(({ model }) => model)).toEqual(['small', 'mock-1']);
    expect(member.logged).toContain(
      'The model for compaction cannot be used: the model of the chat summarises',
    );
  });

  it('in the middle of a turn is summarised three times at most; then the turn ends in an error', async () => {
    await harness.startWorker({ tools: [look] });
    const calling = [{ name: 'look', arguments: {} }];
    const chatId = await harness.createChat({ tool_calls: [calling, calling], usage: FULL, reply: 'never' });
    const failed = await harness.until(chatId, 'error');
    expect(failed.lastError).toMatchObject({ kind: 'config', retryable: false });
    expect(failed.lastError?.message).toMatch(/fills 85 % of the context though it was summarised/);
    expect(summaries(await harness.messages(chatId))).toHaveLength(3);
    await answered(chatId, { reply: 'works again' });
  });

  it('and stays over it ends the turn in an error that says what to do', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat({ reply: 'one', usage: FULL });
    await harness.until(chatId, 'waiting');
    await follow(chatId, 'a long question '.repeat(25_000));
    const failed = await harness.until(chatId, 'error');
    expect(failed.lastError).toMatchObject({ kind: 'config', retryable: false });
    expect(failed.lastError?.message).toMatch(/raise the threshold/);
    expect(summaries(await harness.messages(chatId))).toHaveLength(1);
  });
});

const addModels = sql(
  'test_add_models',
  `insert into chat_model_configs (id, organization_id, ai_provider_id, model, context_limit, compression_threshold, enabled)
   select new_id, m.organization_id, m.ai_provider_id, 'small', 10000, 80, n = 1
   from chat_model_configs m, unnest($1::uuid[]) with ordinality as given (new_id, n)
   where m.id = $2`,
);

describe('a compaction that somebody asks for', () => {
  it('summarises a chat at rest, which rests again and does not become unread', async () => {
    const worker = await harness.startWorker();
    const chatId = await harness.createChat({ reply: 'one', summary: { reply: 'in short' } });
    const { hasUnread } = await harness.until(chatId, 'waiting');
    expect(hasUnread).toBe(true);
    await harness.store.database.query(markRead, [chatId]);
    await compactByHand(chatId);
    await eventually(async () => expect(summaries(await harness.messages(chatId))).toHaveLength(1));
    expect(await harness.head(chatId)).toMatchObject({
      status: 'waiting',
      hasUnread: false,
      compactionRequestedAt: null,
      queue: [],
    });
    expect(summaries(await harness.messages(chatId))).toMatchObject([
      { source: 'manual', summary: 'in short', estimated: false },
    ]);
    expect((await seenByModel(chatId)).map(([role]) => role)).toEqual(['user']);
    expect(await requestCompaction(harness.store, { chatId })).toMatchObject({
      reason: 'nothing_to_compact',
    });
    const reads = readsOf(worker);
    await answered(chatId, { key: 'by-hand', reply: 'two' });
    expect(await requests('by-hand')).toMatchObject([{ message_count: 2 }]);
    expect(readsOf(worker)).toBe(reads);
  });

  it('shows viewers the call at once and the result when it is there', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat({ reply: 'one' });
    await harness.until(chatId, 'waiting');
    harness.parts.length = 0;
    await compactByHand(chatId);
    await eventually(async () => expect(summaries(await harness.messages(chatId))).toHaveLength(1));
    const live = harness.parts.filter((batch) => batch.chat_id === chatId).flatMap((batch) => batch.parts);
    const stored = (await harness.messages(chatId)).slice(-2);
    expect(live.map(({ role, part }) => ({ role, part }))).toEqual(
      stored.map(({ role, content: [part] }) => ({ role, part })),
    );
  });

  it('of a chat in error keeps the question, ends waiting, and the next message sees both', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat({ reply: 'one', summary: { reply: 'in short' } });
    await harness.until(chatId, 'waiting');
    const question = ask({ fault: { kind: 'status', status: 401 } });
    await follow(chatId, question);
    await harness.until(chatId, 'error');
    await compactByHand(chatId);
    const head = await harness.until(chatId, 'waiting');
    expect(head.lastError).toBeNull();
    const seen = await seenByModel(chatId);
    expect(seen.map(([role]) => role)).toEqual(['user', 'user']);
    expect(seen[1]).toEqual(['user', question]);
    await answered(chatId, { key: 'after-error', reply: 'three' });
    expect(await requests('after-error')).toMatchObject([{ message_count: 3 }]);
  });

  it('of a chat in error with a queue goes on with its head', async () => {
    const chatId = await harness.createChat({
      reply: 'one',
      chunk_ms: 20,
      fault: { kind: 'status', status: 401, at_step: 1 },
      tool_calls: [[{ name: 'look', arguments: {} }]],
    });
    await follow(chatId, { reply: 'from the queue' });
    await harness.startWorker({ tools: [look] });
    await harness.until(chatId, 'error');
    await compactByHand(chatId);
    await harness.until(chatId, 'waiting');
    expect((await harness.texts(chatId)).at(-1)).toEqual(['assistant', 'from the queue']);
    expect(summaries(await harness.messages(chatId))).toHaveLength(1);
  });

  it('that is interrupted leaves the history as it was, and its cost', async () => {
    await harness.startWorker();
    const summary = { key: 'stopped', reply: 'word '.repeat(400), chunk_count: 400, chunk_ms: 10 };
    const chatId = await harness.createChat({ reply: 'one', summary });
    await harness.until(chatId, 'waiting');
    const before = await seenByModel(chatId);
    await compactByHand(chatId);
    await eventually(async () => expect((await requests('stopped'))[0]?.chunks_sent).toBeGreaterThan(2));
    expect(await interrupt(harness.store, { chatId })).toMatchObject({ ok: true });
    expect(await harness.until(chatId, 'waiting')).toMatchObject({ compactionRequestedAt: null });
    expect(await seenByModel(chatId)).toEqual(before);
    expect(await harness.texts(chatId)).toHaveLength(2);
    expect(await calls(chatId)).toMatchObject([{ outcome: 'interrupted', user_id: harness.ownerId }]);
  });

  it('is finished by another worker when the first one stops in the middle of it', async () => {
    const first = await harness.startWorker();
    const summary = { key: 'taken', reply: 'word '.repeat(100), chunk_count: 100, chunk_ms: 10 };
    const chatId = await harness.createChat({ reply: 'one', summary });
    await harness.until(chatId, 'waiting');
    await compactByHand(chatId);
    await eventually(async () => expect((await requests('taken'))[0]?.chunks_sent).toBeGreaterThan(2));
    await first.stop(0);
    expect(await harness.head(chatId)).toMatchObject({ status: 'running', workerId: null });
    await harness.startWorker();
    await harness.until(chatId, 'waiting');
    expect(summaries(await harness.messages(chatId))).toHaveLength(1);
    expect((await calls(chatId)).map(({ outcome }) => outcome).sort()).toEqual(['finished', 'interrupted']);
  });

  it('that fails ends in an error that says so, the history untouched, and the next message works', async () => {
    await harness.startWorker();
    const fault = { kind: 'stream_error', after_chunks: 3, message: 'invalid model' } as const;
    const chatId = await harness.createChat({ reply: 'one', summary: { fault } });
    await harness.until(chatId, 'waiting');
    const before = await seenByModel(chatId);
    await compactByHand(chatId);
    const failed = await harness.until(chatId, 'error');
    expect(failed).toMatchObject({ compactionRequestedAt: null, lastError: { retryable: false } });
    // What viewers saw of it is of an earlier attempt, so that they drop it.
    const isOfIt = (parts: ChatParts) =>
      parts.chat_id === chatId && parts.history_version === failed.historyVersion;
    const [seen] = harness.parts.filter(isOfIt);
    expect(seen?.parts).toMatchObject([{ part: { type: 'tool-call', tool_name: 'chat_summarized' } }]);
    expect(failed.generationAttempt).toBe((seen?.generation_attempt ?? 0) + 1);
    expect(failed.lastError?.message).toMatch(/^The conversation could not be summarised\. /);
    expect(await seenByModel(chatId)).toEqual(before);
    expect(await calls(chatId)).toMatchObject([{ outcome: 'failed' }]);
    await answered(chatId, { reply: 'works again' });
  });

  it.each<[string, NonNullable<ControlInput['fault']>]>([
    ['is refused for now', { kind: 'status', status: 529, first_attempts: 1 }],
    ['ends without its finish', { kind: 'end_early', after_chunks: 5, first_attempts: 1 }],
  ])('and %s is tried again, as a stored attempt', async (what, fault) => {
    await harness.startWorker({ random: () => 0.99 });
    const key = `again: ${what}`;
    const chatId = await harness.createChat({ reply: 'one', summary: { key, reply: 'at last', fault } });
    await harness.until(chatId, 'waiting');
    await compactByHand(chatId);
    const retrying = await eventually(async () => {
      const head = await harness.head(chatId);
      expect(head.retry).not.toBeNull();
      return head;
    });
    expect(retrying.retry).toMatchObject({ attempt: retrying.generationAttempt });
    expect(retrying.compactionRequestedAt).not.toBeNull();
    await harness.until(chatId, 'waiting');
    expect(summaries(await harness.messages(chatId))).toMatchObject([{ summary: 'at last' }]);
    expect(await requests(key)).toHaveLength(2);
  });

  it('whose prompt is too large is made without tools', async () => {
    await harness.startWorker({ tools: [look] });
    const fault = {
      kind: 'status',
      status: 400,
      message: "This model's maximum context length is 100000 tokens.",
      code: 'context_length_exceeded',
      first_attempts: 1,
    } as const;
    const chatId = await harness.createChat({
      tool_calls: [[{ name: 'look', arguments: {} }]],
      reply: 'one',
      summary: { key: 'too-large', reply: 'without tools', fault },
    });
    await harness.until(chatId, 'waiting');
    await compactByHand(chatId);
    await harness.until(chatId, 'waiting');
    expect(summaries(await harness.messages(chatId))).toMatchObject([{ summary: 'without tools' }]);
    const [refused, taken] = await requests('too-large');
    expect([refused?.status, taken?.status]).toEqual([400, 200]);
    expect(taken?.bytes_received).toBeLessThan(refused?.bytes_received ?? 0);
    expect(await calls(chatId)).toHaveLength(1);
  });
});

const markRead = sql('test_mark_read', 'update chats set read_version = answered_version where id = $1');
