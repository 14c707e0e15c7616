import { randomUUID } from 'node:crypto';
import type { ToolResultPart } from '@parley/contracts';
import { arrangeChat, type ArrangedChat } from './testing/arrange-chat';
import { createFixture, testSql, textContent, type Fixture } from './testing/fixture';
import { finishCalls, NOT_RUN_RESULT, startCalls, UNKNOWN_OUTCOME } from './tool-calls';
import { CANCELLED_RESULT } from './transition-statement';
import { acquire } from './transitions/acquire';
import { commitStep } from './transitions/commit-step';
import { edit } from './transitions/edit';
import { enterAction } from './transitions/enter-action';
import { fail } from './transitions/fail';
import { finishInterruption } from './transitions/finish-interruption';
import { interrupt } from './transitions/interrupt';
import { send } from './transitions/send';
import type { Fence, NewMessage } from './types';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.close());

const fenceOf = (chat: ArrangedChat): Fence => ({
  chatId: chat.id,
  runnerId: chat.runnerId,
  historyVersion: chat.historyVersion,
});
const resultOf = (toolCallId: string): ToolResultPart => ({
  type: 'tool-result',
  tool_call_id: toolCallId,
  tool_name: 'look_up',
  result: { found: 'a\u0000b' },
});
const results = (chat: ArrangedChat): NewMessage[] => [
  { role: 'tool', content: chat.openCallIds.map(resultOf) },
];

async function journalled(chatId: string): Promise<number> {
  const rows = await fixture.test.database.query(
    testSql('select 1 from chat_tool_calls where chat_id = $1'),
    [chatId],
  );
  return rows.length;
}

/** The chat's worker died, and another one has it now. */
async function taken(chat: ArrangedChat): Promise<Fence> {
  const workers = testSql('update chats set worker_id = $2 where id = $1');
  await fixture.test.database.query(workers, [chat.id, fixture.deadWorkerId]);
  const head = await acquire(fixture.store, { workerId: fixture.workerId, chatId: chat.id });
  return { ...fenceOf(chat), runnerId: head?.runnerId ?? '' };
}

describe('the journal of tool calls', () => {
  const start = (fence: Fence, toolCallIds: readonly string[], attemptId: string = randomUUID()) =>
    startCalls(fixture.test.database, { fence, attemptId, toolCallIds });

  it('lets an attempt run what it started, also when it asks twice because the first answer was lost', async () => {
    const chat = await arrangeChat(fixture, 'running');
    const attemptId = randomUUID();
    const states = [{ state: 'started' }, { state: 'started' }];
    expect(await start(fenceOf(chat), chat.openCallIds, attemptId)).toEqual(states);
    expect(await start(fenceOf(chat), chat.openCallIds, attemptId)).toEqual(states);
  });

  it('tells who comes after: finished with its result, begun with an unknown end, or never begun', async () => {
    const chat = await arrangeChat(fixture, 'running');
    const [first = '', second = ''] = chat.openCallIds;
    const attemptId = randomUUID();
    await start(fenceOf(chat), [first, second], attemptId);
    await finishCalls(fixture.test.database, { fence: fenceOf(chat), attemptId, results: [resultOf(first)] });
    const fence = await taken(chat);
    expect(await start(fence, ['call_3', second, first])).toEqual([
      { state: 'started' },
      { state: 'unknown' },
      { state: 'finished', result: resultOf(first) },
    ]);
  });

  it('refuses who lost the chat: nothing is started and nothing kept', async () => {
    const chat = await arrangeChat(fixture, 'running');
    const attemptId = randomUUID();
    const [first = '', second = ''] = chat.openCallIds;
    await start(fenceOf(chat), [first], attemptId);
    const fence = await taken(chat);
    expect(await start(fenceOf(chat), [second])).toBeNull();
    await finishCalls(fixture.test.database, { fence: fenceOf(chat), attemptId, results: [resultOf(first)] });
    expect(await start(fence, [first, second])).toEqual([{ state: 'unknown' }, { state: 'started' }]);
  });

  it('keeps apart the calls of different answers that have the same id', async () => {
    const chat = await arrangeChat(fixture, 'running');
    await start(fenceOf(chat), ['call_0']);
    const next = testSql('update chats set history_version = version where id = $1');
    await fixture.test.database.query(next, [chat.id]);
    expect(await start({ ...fenceOf(chat), historyVersion: 10 }, ['call_0'])).toEqual([{ state: 'started' }]);
  });

  /** Two calls were begun and one of them ended, when their worker died; `restIds` are open beside them. */
  async function halfRun(...restIds: string[]): Promise<{ fence: Fence; answers: object[] }> {
    const chat = await arrangeChat(fixture, 'running');
    const [first = '', second = ''] = chat.openCallIds;
    const attemptId = randomUUID();
    await start(fenceOf(chat), [first, second], attemptId);
    await finishCalls(fixture.test.database, {
      fence: fenceOf(chat),
      attemptId,
      results: [resultOf(second)],
    });
    const more = restIds.map((id) => ({ tool_call_id: id, tool_name: 'look_up', dynamic: false }));
    const open = testSql('update chats set open_calls = open_calls || $2::jsonb where id = $1');
    await fixture.test.database.query(open, [chat.id, JSON.stringify(more)]);
    const unknown = { ...resultOf(first), result: { error: UNKNOWN_OUTCOME }, is_error: true };
    return { fence: await taken(chat), answers: [unknown, resultOf(second)] };
  }
  const failed = (id: string, result: string) => ({ ...resultOf(id), result, is_error: true });

  it('answers the calls of an interrupted turn for whoever ends it, and what it does not hold was not run', async () => {
    const { fence, answers } = await halfRun('never_begun', 'harmless');
    await interrupt(fixture.store, { chatId: fence.chatId });
    const done = await finishInterruption(fixture.store, {
      fence,
      messages: [],
      journalledCallIds: ['never_begun'],
    });
    const rest = [failed('never_begun', NOT_RUN_RESULT), failed('harmless', CANCELLED_RESULT)];
    expect(done).toMatchObject({ ok: true, chat: { status: 'waiting', openCalls: [] } });
    expect(done.ok && done.rows.map(({ role, content }) => ({ role, content }))).toEqual([
      { role: 'tool', content: [...answers, ...rest] },
    ]);
  });

  it('answers its calls when the turn fails; the others stay open until the next message', async () => {
    const { fence, answers } = await halfRun('never_begun');
    const error = { message: 'no', retryable: false };
    const done = await fail(fixture.store, { fence, error });
    expect(done).toMatchObject({
      ok: true,
      chat: { status: 'error', lastError: error, openCalls: [{ tool_call_id: 'never_begun' }] },
    });
    expect(done.ok && done.rows.map(({ role, content }) => ({ role, content }))).toEqual([
      { role: 'tool', content: answers },
    ]);
    const sent = await send(fixture.store, {
      chatId: fence.chatId,
      ownerId: fixture.ownerId,
      content: textContent('and now?'),
      busyBehavior: 'queue',
    });
    expect(sent.ok && sent.rows.map(({ content }) => content)).toEqual([
      [failed('never_begun', CANCELLED_RESULT)],
      textContent('and now?'),
    ]);
  });

  it('that is empty leaves the history of a failed turn as it was', async () => {
    const chat = await arrangeChat(fixture, 'running');
    const error = { message: 'no', retryable: false };
    const done = await fail(fixture.store, { fence: fenceOf(chat), error });
    expect(done).toMatchObject({ ok: true, rows: [], chat: { historyVersion: chat.historyVersion } });
    expect(done.ok && done.chat.openCalls.map((call) => call.tool_call_id)).toEqual(chat.openCallIds);
  });

  const ends: [string, (chat: ArrangedChat) => Promise<{ ok: boolean }>][] = [
    [
      'the results are committed',
      (chat) => commitStep(fixture.store, { fence: fenceOf(chat), messages: results(chat) }),
    ],
    [
      'the client is asked',
      (chat) =>
        enterAction(fixture.store, {
          fence: fenceOf(chat),
          messages: [],
          openCalls: [{ tool_call_id: 'x', tool_name: 'x', dynamic: true }],
        }),
    ],
    [
      'the turn fails',
      (chat) => fail(fixture.store, { fence: fenceOf(chat), error: { message: 'no', retryable: false } }),
    ],
    [
      'the turn is interrupted',
      async (chat) => {
        await interrupt(fixture.store, { chatId: chat.id });
        return finishInterruption(fixture.store, { fence: fenceOf(chat), messages: [] });
      },
    ],
    [
      'the question is edited',
      (chat) =>
        edit(fixture.store, {
          chatId: chat.id,
          ownerId: fixture.ownerId,
          messageId: chat.userMessageId,
          content: textContent('another'),
        }),
    ],
  ];
  it.each(ends)('is gone when %s, in the same statement', async (_name, end) => {
    const chat = await arrangeChat(fixture, 'running');
    const other = await arrangeChat(fixture, 'running');
    await start(fenceOf(chat), chat.openCallIds);
    await start(fenceOf(other), other.openCallIds);
    expect(await journalled(chat.id)).toBe(2);
    expect(await end(chat)).toMatchObject({ ok: true });
    expect([await journalled(chat.id), await journalled(other.id)]).toEqual([0, 2]);
  });

  it('stays when an assistant message is committed, whose calls are yet to run', async () => {
    const chat = await arrangeChat(fixture, 'running');
    await start(fenceOf(chat), chat.openCallIds);
    const messages: NewMessage[] = [{ role: 'assistant', content: textContent('more') }];
    expect(await commitStep(fixture.store, { fence: fenceOf(chat), messages })).toMatchObject({ ok: true });
    expect(await journalled(chat.id)).toBe(2);
  });
});
