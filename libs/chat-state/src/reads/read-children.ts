/** The children of a root, the latest active first, a page at a time. */
import { sql, type Queryable } from '@parley/database';
import { chatColumns, toChatHead, type ChatRow } from '../rows/chat-row';
import type { ChatHead } from '../types';

export interface ReadChildrenInput {
  rootChatId: string;
  limit: number;
  offset: number;
}

// `one` keeps the count when the page is empty. The family's index serves it.
const READ_CHILDREN = sql(
  'read_children',
  `with family as (
  select c.id, c.updated_at from chats c where c.root_chat_id = $1 and not c.archived
),
page as (
  select id from family order by updated_at desc, id desc limit $2 offset $3
)
select (select count(*) from family)::integer as total, ${chatColumns('c')}
from (values (true)) one left join (page join chats c on c.id = page.id) on true
order by c.updated_at desc, c.id desc`,
);

/** A page of the children that are not archived, and how many there are in all. */
export async function readChildren(
  database: Queryable,
  { rootChatId, limit, offset }: ReadChildrenInput,
): Promise<{ children: ChatHead[]; total: number }> {
  const rows = await database.query<(ChatRow | { id: null }) & { total: number }>(READ_CHILDREN, [
    rootChatId,
    limit,
    offset,
  ]);
  const children = rows.flatMap((row) => (row.id === null ? [] : [toChatHead(row)]));
  return { children, total: rows[0]?.total ?? 0 };
}
