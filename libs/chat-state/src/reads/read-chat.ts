/** Reads of single chats, by what the reader needs: the whole row, what clients see, or a few columns of many. */
import type { Chat } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';
import { chatColumns, toChatHead, toClientChat, type ChatRow } from '../rows/chat-row';
import type { ChatHead } from '../types';

const READ_CHAT = sql('read_chat', `select ${chatColumns('c')} from chats c where c.id = $1`);

/** The row of a chat, or null. */
export async function readChat(database: Queryable, input: { chatId: string }): Promise<ChatHead | null> {
  const [row] = await database.query<ChatRow>(READ_CHAT, [input.chatId]);
  return row ? toChatHead(row) : null;
}

// Children are shown with a root that is archived as they are.
const READ_CLIENT_CHAT = sql(
  'read_client_chat',
  `with root as (select ${chatColumns('c')} from chats c where c.id = $1 and c.owner_id = coalesce($2, c.owner_id))
select * from root
union all
(select ${chatColumns('c')} from root join chats c on c.root_chat_id = root.id and c.archived = root.archived
order by c.created_at, c.id)`,
);

/** A chat with its children as clients see it; null when there is none (of this owner, when one is given). */
export async function readClientChat(
  database: Queryable,
  input: { chatId: string; ownerId?: string },
): Promise<Chat | null> {
  const rows = await database.query<ChatRow>(READ_CLIENT_CHAT, [input.chatId, input.ownerId ?? null]);
  const [head, ...children] = rows.map(toChatHead);
  return head ? toClientChat(head, children) : null;
}

const READ_OWNED_RUNNABLE = sql(
  'read_owned_runnable',
  `select c.id, c.runner_id, c.version from chats c where c.worker_id = $1
  and (c.status in ('running', 'interrupting') or (c.status = 'requires_action' and c.action_deadline_at <= now()))`,
);

export interface OwnedRunnable {
  chatId: string;
  runnerId: string;
  version: number;
}

/** What a worker owns and should be running: the net under lost wakes. Its index serves it; a few columns a chat. */
export async function readOwnedRunnable(
  database: Queryable,
  input: { workerId: string },
): Promise<OwnedRunnable[]> {
  const rows = await database.query<{ id: string; runner_id: string; version: number }>(READ_OWNED_RUNNABLE, [
    input.workerId,
  ]);
  return rows.map((row) => ({ chatId: row.id, runnerId: row.runner_id, version: row.version }));
}

const READ_VERSIONS = sql('read_versions', 'select id, version from chats where id = any ($1::uuid[])');

/** The versions of many chats in one statement; chats that are gone are absent. */
export async function readVersions(
  database: Queryable,
  chatIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await database.query<{ id: string; version: number }>(READ_VERSIONS, [chatIds]);
  return new Map(rows.map((row) => [row.id, row.version]));
}
