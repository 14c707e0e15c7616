/** Reads of diff statuses: for lists of chats one statement, however many there are. */
import type { Chat, ChatDiffStatus } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';
import { diffStatusColumns, toChatDiffStatus, type DiffStatusRow } from './rows';

const READ_STATUSES = sql(
  'read_diff_statuses',
  `select ${diffStatusColumns('d')} from chat_diff_statuses d where d.chat_id = any ($1::uuid[])`,
);

/** By chat; chats that never reported a branch are absent. */
export async function readDiffStatuses(
  database: Queryable,
  chatIds: readonly string[],
): Promise<Map<string, ChatDiffStatus>> {
  const rows = await database.query<DiffStatusRow>(READ_STATUSES, [chatIds]);
  return new Map(rows.map((row) => [row.chat_id, toChatDiffStatus(row)]));
}

/** The same chats, children included, each with its diff status if it has one. One statement; none for no chats. */
export async function withDiffStatuses(database: Queryable, chats: readonly Chat[]): Promise<Chat[]> {
  if (chats.length === 0) return [];
  const ids = chats.flatMap((chat) => [chat.id, ...chat.children.map((child) => child.id)]);
  const statuses = await readDiffStatuses(database, ids);
  if (statuses.size === 0) return [...chats];
  const statusOf = (id: string): { diff_status?: ChatDiffStatus } => {
    const status = statuses.get(id);
    return status === undefined ? {} : { diff_status: status };
  };
  return chats.map((chat) => ({
    ...chat,
    ...statusOf(chat.id),
    children: chat.children.map((child) => ({ ...child, ...statusOf(child.id) })),
  }));
}
