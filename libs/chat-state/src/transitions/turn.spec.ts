import { randomUUID } from 'node:crypto';
import type { OpenCall } from '@parley/contracts';
import { readTranscript } from '../reads/read-transcript';
import { arrangeChat, storedChat, type ArrangedChat } from '../testing/arrange-chat';
import { createFixture, testSql, textContent, type Fixture } from '../testing/fixture';
import { CANCELLED_RESULT } from '../transition-statement';
import type { NewMessage } from '../types';
import { cancelAction } from './cancel-action';
import { commitStep } from './commit-step';
import { completeAction } from './complete-action';
import { enterAction } from './enter-action';
import { fail } from './fail';
import { finishInterruption } from './finish-interruption';
import { finishTurn } from './finish-turn';
import { recordRetry } from './record-retry';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.close());

const fenceOf = (chat: ArrangedChat) => ({
  chatId: chat.id,
  runnerId: chat.runnerId,
  historyVersion: chat.historyVersion,
});
const answer: NewMessage = { role: 'assistant', content: textContent('an answer') };
/** The clocks of the database and of this process may differ by as much. */
const maxSkewMs = 5_000;
const expectBetween = (atMs: number, fromMs: number, toMs: number): void => {
  expect(atMs).toBeGreaterThan(fromMs - maxSkewMs);
  expect(atMs).toBeLessThan(toMs + maxSkewMs);
};
const call = (id: string, dynamic = false): OpenCall => ({ tool_call_id: id, tool_name: 'look_up', dynamic });

test('a finished turn commits its messages in order, with what they used, and the chat rests', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  const result = await finishTurn(fixture.store, {
    fence: fenceOf(chat),
    messages: [
      {
        ...answer,
        modelConfigId: fixture.modelConfigId,
        reasoningEffort: 'low',
        usage: { input_tokens: 12, output_tokens: 3, reasoning_tokens: 0, context_limit: 9000 },
        totalCostMicros: 0,
        runtimeMs: 1234,
      },
      { role: 'assistant', content: textContent('hidden'), visibility: 'model' },
    ],
    turnSummary: 'Answered',
  });
  expect(result).toMatchObject({
    ok: true,
    chat: {
      status: 'waiting',
      historyVersion: 11,
      generationAttempt: 0,
      hasUnread: true,
      lastTurnSummary: 'Answered',
    },
    rows: [{ role: 'assistant', revision: 11 }, { visibility: 'model' }],
    change: {
      messages: [
        {
          content: textContent('an answer'),
          usage: { input_tokens: 12, output_tokens: 3, context_limit: 9000 },
        },
      ],
    },
  });
  if (result.ok) expect(result.change.messages).toHaveLength(1);
  const [stored] = await fixture.test.database.query(
    testSql(`select reasoning_tokens, total_cost_micros, runtime_ms, reasoning_effort from chat_messages
      where chat_id = $1 and role = 'assistant' order by id desc offset 1 limit 1`),
    [chat.id],
  );
  expect(stored).toEqual({
    reasoning_tokens: null,
    total_cost_micros: 0,
    runtime_ms: 1234,
    reasoning_effort: 'low',
  });
});

test('a finished turn runs the head of the queue, with its model', async () => {
  const chat = await arrangeChat(fixture, 'running+queue', { queueLength: 2, hasOpenCalls: false });
  await fixture.test.database.query(
    testSql(
      `update chats set queue = jsonb_set(queue, '{0,model_config_id}', to_jsonb($2::text)) where id = $1`,
    ),
    [chat.id, fixture.otherModelConfigId],
  );
  const result = await finishTurn(fixture.store, { fence: fenceOf(chat), messages: [answer] });
  expect(result).toMatchObject({
    promoted: { role: 'user', content: textContent('queued 0'), model_config_id: fixture.otherModelConfigId },
    chat: { status: 'running', lastModelConfigId: fixture.otherModelConfigId, queue: [{ id: 3 }] },
  });
});

test('a turn that ends with open calls answers them before the next message', async () => {
  const chat = await arrangeChat(fixture, 'running+queue', { hasOpenCalls: false });
  const result = await finishTurn(fixture.store, {
    fence: fenceOf(chat),
    messages: [
      {
        role: 'assistant',
        content: [{ type: 'tool-call', tool_call_id: 'x', tool_name: 'look_up', args: {} }],
      },
    ],
    openCalls: [call('x')],
  });
  expect(result).toMatchObject({
    rows: [
      { role: 'assistant' },
      { role: 'tool', content: [{ tool_call_id: 'x', result: CANCELLED_RESULT }] },
      { role: 'user' },
    ],
    chat: { openCalls: [] },
  });
});

test('a step keeps the turn running and says which calls are open', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  const result = await commitStep(fixture.store, {
    fence: fenceOf(chat),
    messages: [answer],
    openCalls: [call('x'), call('y')],
  });
  expect(result).toMatchObject({
    chat: {
      status: 'running',
      openCalls: [call('x'), call('y')],
      updatedAt: new Date('2026-01-01T00:00:00Z'),
    },
    change: { open_calls: [call('x'), call('y')] },
  });
});

test('an interrupted turn keeps the partial answer and answers the open calls', async () => {
  const chat = await arrangeChat(fixture, 'interrupting');
  const result = await finishInterruption(fixture.store, { fence: fenceOf(chat), messages: [] });
  expect(result).toMatchObject({
    rows: [{ role: 'tool', content: [{ tool_call_id: 'call_1\u0000' }, { tool_call_id: 'call_2' }] }],
    chat: { status: 'waiting', openCalls: [] },
  });
  const partial = await arrangeChat(fixture, 'interrupting+queue', { hasOpenCalls: false });
  expect(
    await finishInterruption(fixture.store, { fence: fenceOf(partial), messages: [answer] }),
  ).toMatchObject({
    rows: [{ role: 'assistant' }, { role: 'user', content: textContent('queued 0') }],
    promoted: { content: textContent('queued 0') },
  });
});

test('an interruption without a word leaves the history as it was', async () => {
  const chat = await arrangeChat(fixture, 'interrupting', { hasOpenCalls: false });
  const result = await finishInterruption(fixture.store, { fence: fenceOf(chat), messages: [] });
  expect(result).toMatchObject({
    chat: { status: 'waiting', historyVersion: 9, generationAttempt: 3 },
    rows: [],
  });
});

test('a turn that fails keeps queue and open calls', async () => {
  const chat = await arrangeChat(fixture, 'running+queue');
  const error = { message: 'no key', kind: 'missing_key', retryable: false } as const;
  expect(await fail(fixture.store, { fence: fenceOf(chat), error })).toMatchObject({
    chat: { status: 'error', lastError: error, queue: [{ id: 2 }], openCalls: [{}, {}], historyVersion: 9 },
    change: { error },
  });
});

test('a retry is counted, and its time comes from the clock of the database', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  const askedAt = Date.now();
  const result = await recordRetry(fixture.store, {
    fence: fenceOf(chat),
    retry: { delay_ms: 60_000, error: 'overloaded', kind: 'overloaded', status_code: 529 },
  });
  expect(result).toMatchObject({
    chat: {
      generationAttempt: 3,
      historyVersion: 9,
      retry: { attempt: 3, delay_ms: 60_000, status_code: 529 },
    },
    change: { retry: { attempt: 3 } },
  });
  const retryingAt = result.ok ? new Date(result.chat.retry?.retrying_at ?? 0).getTime() : 0;
  expectBetween(retryingAt - 60_000, askedAt, Date.now());
  expect(await finishTurn(fixture.store, { fence: fenceOf(chat), messages: [answer] })).toMatchObject({
    chat: { retry: null, generationAttempt: 0 },
    change: { retry: null },
  });
});

test('an action waits five minutes, then its calls are cancelled', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  const askedAt = Date.now();
  const entered = await enterAction(fixture.store, {
    fence: fenceOf(chat),
    messages: [answer],
    openCalls: [call('x', true)],
  });
  const deadline = entered.ok ? (entered.chat.actionDeadlineAt?.getTime() ?? 0) : 0;
  expectBetween(deadline - 300_000, askedAt, Date.now());
  expect(await cancelAction(fixture.store, { fence: fenceOf(chat) })).toMatchObject({
    ok: false,
    reason: 'stale',
  });
  await fixture.test.database.query(testSql('update chats set action_deadline_at = now() where id = $1'), [
    chat.id,
  ]);
  expect(await cancelAction(fixture.store, { fence: fenceOf(chat) })).toMatchObject({
    rows: [{ role: 'tool', content: [{ tool_call_id: 'x', result: CANCELLED_RESULT }] }],
    chat: { status: 'running', openCalls: [] },
  });
});

test('an action without calls cannot be stored', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  await expect(
    enterAction(fixture.store, { fence: fenceOf(chat), messages: [answer], openCalls: [] }),
  ).rejects.toThrow('chats_action_has_calls');
});

describe('the results of an action', () => {
  const complete = (chatId: string, ids: string[]) =>
    completeAction(fixture.store, {
      chatId,
      ownerId: fixture.ownerId,
      results: ids.map((id) => ({ toolCallId: id, output: { of: id }, isError: id === 'call_2' })),
    });

  test('are stored in the order of the calls, with the names of the tools', async () => {
    const chat = await arrangeChat(fixture, 'requires_action');
    expect(await complete(chat.id, ['call_2', 'call_1\u0000'])).toMatchObject({
      ok: true,
      chat: { status: 'running', openCalls: [], actionDeadlineAt: null },
      rows: [
        {
          role: 'tool',
          content: [
            { tool_call_id: 'call_1\u0000', tool_name: 'look_up', result: { of: 'call_1\u0000' } },
            { tool_call_id: 'call_2', tool_name: 'look_up', is_error: true },
          ],
        },
      ],
    });
  });

  test.each([
    { ids: ['call_2'], missing: ['call_1\u0000'], unexpected: [] },
    { ids: ['call_2', 'other'], missing: ['call_1\u0000'], unexpected: ['other'] },
    { ids: ['call_2', 'call_2'], missing: ['call_1\u0000'], unexpected: ['call_2'] },
    { ids: ['call_1\u0000', 'call_2', 'call_2'], missing: [], unexpected: ['call_2'] },
    { ids: [], missing: ['call_1\u0000', 'call_2'], unexpected: [] },
  ])('are refused unless they cover the calls exactly: $ids', async ({ ids, missing, unexpected }) => {
    const chat = await arrangeChat(fixture, 'requires_action');
    const before = await storedChat(fixture, chat.id);
    expect(await complete(chat.id, ids)).toEqual({
      ok: false,
      reason: 'results_do_not_match',
      state: 'requires_action',
      missing,
      unexpected,
    });
    expect(await storedChat(fixture, chat.id)).toEqual(before);
  });
});

test('a second runner makes the first one stale', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  const other = { ...chat, runnerId: randomUUID() };
  expect(await finishTurn(fixture.store, { fence: fenceOf(other), messages: [answer] })).toEqual({
    ok: false,
    reason: 'stale',
    state: 'running',
  });
  expect(await readTranscript(fixture.store.database, { chatId: chat.id })).toHaveLength(4);
});
