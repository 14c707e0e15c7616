/**
 * Puts a chat into any legal state by plain inserts, so that a test of a transition rests on no other transition. Its history: a
 * system message, a question, an answer, and, where calls are open, another question and the message that made the calls.
 */
import { randomUUID } from 'node:crypto';
import type { ChatState } from '../states';
import { testSql, textContent, type Fixture } from './fixture';

export interface ArrangedChat {
  id: string;
  /** Given even when nobody owns the chat: a runner that never was. */
  runnerId: string;
  historyVersion: number;
  /** The second question, or the only one. */
  userMessageId: number;
  queuedIds: number[];
  openCallIds: string[];
}

export interface ArrangeOptions {
  /** For states with a queue; default 1. */
  queueLength?: number;
  /** Default true, wherever a chat can be owned. */
  isOwned?: boolean;
  workerId?: string;
  /** Default true where there can be some: running, interrupting, requires_action, error. */
  hasOpenCalls?: boolean;
  isDeadlinePassed?: boolean;
  parentChatId?: string;
}

const VERSION = 10;

export async function arrangeChat(
  fixture: Fixture,
  state: ChatState,
  options: ArrangeOptions = {},
): Promise<ArrangedChat> {
  const archived = state.startsWith('archived:');
  const [status = '', hasQueue] = state.replace('archived:', '').split('+');
  const { isOwned = true, queueLength = 1, hasOpenCalls = true, isDeadlinePassed = false } = options;
  const owned = isOwned && !archived;
  const runnerId = randomUUID();
  const openCallIds = hasOpenCalls && status !== 'waiting' ? ['call_1\u0000', 'call_2'] : [];
  const queue = Array.from({ length: hasQueue ? queueLength : 0 }, (_, index) => ({
    id: index + 2,
    content: textContent(`queued ${index}`),
    model_config_id: null,
    reasoning_effort: null,
    created_by: fixture.ownerId,
    created_at: '2026-01-01T00:00:00+00:00',
  }));
  const [row] = await fixture.test.database.query<{ id: string }>(
    testSql(`insert into chats (organization_id, owner_id, parent_chat_id, root_chat_id, last_model_config_id, status, archived,
      queue, open_calls, action_deadline_at, last_error, worker_id, runner_id, version, history_version, queue_version,
      generation_attempt, updated_at)
    values ($1, $2, $3::uuid, $3::uuid, $4, $5, $6, $7, $8, $9, $10, $11, $12, ${VERSION}, ${VERSION - 1}, 3, 2,
      '2026-01-01') returning id`),
    [
      fixture.organizationId,
      fixture.ownerId,
      options.parentChatId ?? null,
      fixture.modelConfigId,
      status,
      archived,
      JSON.stringify(queue),
      JSON.stringify(
        openCallIds.map((id) => ({
          tool_call_id: id.replace('\u0000', '\uE000\uE001'),
          tool_name: 'look_up',
          dynamic: true,
        })),
      ),
      status === 'requires_action' ? new Date(isDeadlinePassed ? 0 : Date.now() + 300_000) : null,
      status === 'error' ? JSON.stringify({ message: 'boom', retryable: false }) : null,
      owned ? (options.workerId ?? fixture.workerId) : null,
      owned ? runnerId : null,
    ],
  );
  if (row === undefined) throw new Error('No chat was inserted');
  const userMessageId = await insertHistory(fixture, row.id, openCallIds);
  return {
    id: row.id,
    runnerId,
    historyVersion: VERSION - 1,
    userMessageId,
    queuedIds: queue.map((item) => item.id),
    openCallIds,
  };
}

async function insertHistory(fixture: Fixture, chatId: string, openCallIds: string[]): Promise<number> {
  const calls = openCallIds.map((id) => ({
    type: 'tool-call',
    tool_call_id: id.replace('\u0000', '\uE000\uE001'),
    tool_name: 'look_up',
    args: {},
  }));
  const history = [
    { role: 'system', content: textContent('Be kind.'), visibility: 'model' },
    { role: 'user', content: textContent('first question'), visibility: 'both' },
    { role: 'assistant', content: textContent('first answer'), visibility: 'both' },
    { role: 'user', content: textContent('second question'), visibility: 'both' },
    ...(calls.length > 0 ? [{ role: 'assistant', content: calls, visibility: 'both' }] : []),
  ];
  const rows = await fixture.test.database.query<{ id: number; role: string }>(
    testSql(`insert into chat_messages (chat_id, revision, role, content, visibility, created_by)
    select $1, $2, x ->> 'role', x -> 'content', x ->> 'visibility', $4::uuid
    from jsonb_array_elements($3::jsonb) with ordinality as given (x, position) order by position returning id, role`),
    [chatId, VERSION - 1, JSON.stringify(history), fixture.ownerId],
  );
  return rows.findLast((row) => row.role === 'user')?.id ?? 0;
}

/** Everything stored about a chat, for "nothing changed". */
export async function storedChat(fixture: Fixture, chatId: string): Promise<unknown> {
  const [row] = await fixture.test.database.query<{ chat: unknown; messages: unknown }>(
    testSql(`select (select to_jsonb(c) from chats c where c.id = $1) as chat,
      (select jsonb_agg(to_jsonb(m) order by m.id) from chat_messages m where m.chat_id = $1) as messages`),
    [chatId],
  );
  return row;
}
