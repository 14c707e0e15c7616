import type { MessagePart } from '@parley/contracts';
import { readChat } from './reads/read-chat';
import { readFeed } from './reads/read-feed';
import { readMessages } from './reads/read-messages';
import { arrangeChat, type ArrangedChat } from './testing/arrange-chat';
import { createFixture, type Fixture } from './testing/fixture';
import { completeAction } from './transitions/complete-action';
import { edit } from './transitions/edit';
import { enterAction } from './transitions/enter-action';
import { fail } from './transitions/fail';
import { finishTurn } from './transitions/finish-turn';
import { promoteQueued } from './transitions/promote-queued';
import { recordRetry } from './transitions/record-retry';
import { send } from './transitions/send';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.close());

/** What jsonb refuses, what its escaping could confuse, and what SQL and array literals could trip over. */
const HARD = `a\u0000b\uE000\uE001\uE000\uE000 \\u0000 "quoted" {1,2} \\ ' $1 \u{1F600}\n\t\u2028`;
const content: MessagePart[] = [{ type: 'text', text: HARD }];
const args = { [HARD]: [HARD, { deep: HARD }] };

const own = (chat: ArrangedChat) => ({ chatId: chat.id, ownerId: fixture.ownerId });
const fenceOf = (chat: ArrangedChat) => ({
  chatId: chat.id,
  runnerId: chat.runnerId,
  historyVersion: chat.historyVersion,
});

async function expectLast(chatId: string, expected: MessagePart[]): Promise<void> {
  const { messages } = await readMessages(fixture.store.database, { chatId, limit: 1 });
  expect(messages[0]?.content).toEqual(expected);
  const feed = await readFeed(fixture.store.database, { chatId, limit: 1 });
  expect(feed?.messages[0]?.message).toEqual(messages[0]);
}

test('a message that is sent, or edited', async () => {
  const chat = await arrangeChat(fixture, 'waiting');
  const sent = await send(fixture.store, { ...own(chat), content, busyBehavior: 'queue' });
  expect(sent).toMatchObject({ message: { content }, change: { messages: [{ content }] } });
  await expectLast(chat.id, content);
  await edit(fixture.store, { ...own(chat), messageId: chat.userMessageId, content });
  await expectLast(chat.id, content);
});

test('a message that is queued, and promoted by the end of a turn or by hand', async () => {
  const finished = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  const queued = await send(fixture.store, { ...own(finished), content, busyBehavior: 'queue' });
  expect(queued).toMatchObject({ queuedMessage: { content }, change: { queue: [{ content }] } });
  const done = await finishTurn(fixture.store, { fence: fenceOf(finished), messages: [] });
  expect(done).toMatchObject({ promoted: { content } });
  await expectLast(finished.id, content);

  const failed = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  await send(fixture.store, { ...own(failed), content, busyBehavior: 'queue' });
  await fail(fixture.store, { fence: fenceOf(failed), error: { message: HARD, retryable: false } });
  expect(await readChat(fixture.store.database, { chatId: failed.id })).toMatchObject({
    lastError: { message: HARD },
    queue: [{ content }],
  });
  await promoteQueued(fixture.store, { ...own(failed), queuedMessageId: 11 });
  await expectLast(failed.id, content);
});

test('calls and results of tools', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  const call: MessagePart = { type: 'tool-call', tool_call_id: HARD, tool_name: HARD, args };
  const entered = await enterAction(fixture.store, {
    fence: fenceOf(chat),
    messages: [{ role: 'assistant', content: [call] }],
    openCalls: [{ tool_call_id: HARD, tool_name: HARD, dynamic: true }],
  });
  expect(entered).toMatchObject({ chat: { openCalls: [{ tool_call_id: HARD, tool_name: HARD }] } });
  await expectLast(chat.id, [call]);
  await completeAction(fixture.store, {
    ...own(chat),
    results: [{ toolCallId: HARD, output: args, isError: false }],
  });
  await expectLast(chat.id, [{ type: 'tool-result', tool_call_id: HARD, tool_name: HARD, result: args }]);
});

test('a call that is answered as cancelled, and the error of a retry', async () => {
  const chat = await arrangeChat(fixture, 'running', { hasOpenCalls: false });
  const retried = await recordRetry(fixture.store, {
    fence: fenceOf(chat),
    retry: { delay_ms: 5, error: HARD },
  });
  expect(retried).toMatchObject({ chat: { retry: { error: HARD } }, change: { retry: { error: HARD } } });
  const done = await finishTurn(fixture.store, {
    fence: fenceOf(chat),
    messages: [
      { role: 'assistant', content: [{ type: 'tool-call', tool_call_id: HARD, tool_name: HARD, args }] },
    ],
    openCalls: [{ tool_call_id: HARD, tool_name: HARD, dynamic: false }],
  });
  expect(done).toMatchObject({ rows: [{}, { content: [{ tool_call_id: HARD, tool_name: HARD }] }] });
});
