import type { ChatState } from './states';
import { arrangeChat, storedChat } from './testing/arrange-chat';
import { createFixture, testSql, type Fixture } from './testing/fixture';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
});
afterAll(() => fixture.close());

const error = `'{"message": "x", "retryable": false}'`;
const item = `'[{"id": 1}]'`;

/** By hand, against every CHECK of chats. */
const illegal: [constraint: string, from: ChatState, assignment: string][] = [
  ['chats_status_known', 'waiting', `status = 'pending'`],
  ['chats_queue_bounded', 'running', `queue = '{}'`],
  ['chats_queue_bounded', 'running', `queue = (select jsonb_agg(n) from generate_series(1, 21) n)`],
  ['chats_open_calls_is_array', 'running', `open_calls = '{}'`],
  ['chats_waiting_is_at_rest', 'waiting', `queue = ${item}`],
  ['chats_waiting_is_at_rest', 'waiting', `open_calls = ${item}`],
  ['chats_waiting_is_at_rest', 'running', `status = 'waiting'`],
  ['chats_archived_is_at_rest', 'running', 'archived = true'],
  ['chats_archived_is_at_rest', 'waiting', 'archived = true'],
  ['chats_deadline_iff_action', 'running', 'action_deadline_at = now()'],
  ['chats_deadline_iff_action', 'requires_action', 'action_deadline_at = null'],
  ['chats_action_has_calls', 'requires_action', `open_calls = '[]'`],
  ['chats_error_iff_error', 'running', `last_error = ${error}`],
  ['chats_error_iff_error', 'error', 'last_error = null'],
  ['chats_owner_pair', 'running', 'runner_id = null'],
  ['chats_owner_pair', 'running', 'worker_id = null'],
  ['chats_retry_while_running', 'waiting', `retry = '{"attempt": 1}'`],
  ['chats_compaction_while_running', 'waiting', 'compaction_requested_at = now()'],
  ['chats_versions_ordered', 'running', 'history_version = 11'],
  ['chats_versions_ordered', 'running', 'queue_version = 11'],
  ['chats_versions_ordered', 'running', 'version = 0, history_version = 0, queue_version = 0'],
  ['chats_attempt_not_negative', 'running', 'generation_attempt = -1'],
  ['chats_pin_on_live_roots', 'archived:waiting', 'pin_order = 1'],
  ['chats_pin_on_live_roots', 'waiting', 'pin_order = -1'],
  ['chats_child_has_root', 'waiting', 'root_chat_id = id'],
  ['chats_title_source_check', 'waiting', `title_source = 'guess'`],
  ['chats_plan_mode_check', 'waiting', `plan_mode = ''`],
  ['chats_client_type_check', 'waiting', `client_type = 'fax'`],
  ['chats_worker_id_fkey', 'running', 'worker_id = gen_random_uuid()'],
];

test.each(illegal)('%s refuses it by hand: %s, %s', async (constraint, state, assignment) => {
  const chat = await arrangeChat(fixture, state);
  const before = await storedChat(fixture, chat.id);
  const update = testSql(`update chats set ${assignment} where id = $1`);
  await expect(fixture.test.database.query(update, [chat.id])).rejects.toMatchObject({ constraint });
  expect(await storedChat(fixture, chat.id)).toEqual(before);
});

const illegalMessage: [constraint: string, assignment: string][] = [
  ['chat_messages_role_check', `role = 'developer'`],
  ['chat_messages_visibility_check', `visibility = 'nobody'`],
];

test.each(illegalMessage)('%s refuses it by hand: %s', async (constraint, assignment) => {
  const chat = await arrangeChat(fixture, 'waiting');
  const before = await storedChat(fixture, chat.id);
  const update = testSql(`update chat_messages set ${assignment} where chat_id = $1`);
  await expect(fixture.test.database.query(update, [chat.id])).rejects.toMatchObject({ constraint });
  expect(await storedChat(fixture, chat.id)).toEqual(before);
});

test('every check of chats and messages is tried', async () => {
  const rows = await fixture.test.database.query<{ conname: string }>(
    testSql(`select conname from pg_constraint
      where conrelid in ('chats'::regclass, 'chat_messages'::regclass) and contype = 'c'`),
    [],
  );
  const tried = [...illegal, ...illegalMessage].map(([constraint]) => constraint);
  expect(rows.length).toBeGreaterThan(15);
  expect(rows.map((row) => row.conname).filter((name) => !tried.includes(name))).toEqual([]);
});
