/**
 * The list of a user's chats: pinned ones in their order, then the latest updated, then by id.
 *
 * A page starts after the whole tuple that its cursor chat has now, so that its boundary holds while other chats move. One
 * index has this order; the page's children come in the same statement. Each combination of filters is a statement of its
 * own, so that Postgres plans for the filters there are. Searches and those about pull requests are not kept prepared: with them there are
 * so many combinations that keeping each would fill the memory of every connection.
 */
import type { Chat } from '@parley/contracts';
import { sql, type Queryable, type SqlStatement } from '@parley/database';
import { chatColumnNames, chatColumns, toChatHead, toClientChat, type ChatRow } from '../rows/chat-row';
import {
  FAMILY,
  filtersOf,
  pullRequestFilters,
  searchFilter,
  type Filter,
  type ListFilters,
} from './list-filters';

export interface ListChatsInput extends ListFilters {
  ownerId: string;
  /** Default false. */
  archived?: boolean;
  /** The last chat of the page before. */
  afterId?: string;
  /** Default 50. */
  limit?: number;
  /** Default 0. */
  offset?: number;
}

const isAfter = (
  cursor: string,
) => `exists (select from chats k where k.id = ${cursor}::uuid and k.owner_id = $1
    and ((c.pin_order = 0, c.pin_order) > (k.pin_order = 0, k.pin_order)
      or ((c.pin_order = 0, c.pin_order) = (k.pin_order = 0, k.pin_order)
        and (c.updated_at, c.id) < (k.updated_at, k.id))))`;

const ORDER = 'c.pin_order = 0, c.pin_order, c.updated_at desc, c.id desc';

function listStatement(filters: { chat: readonly Filter[]; pullRequest: readonly Filter[] }): SqlStatement {
  const conditions = [...filters.chat, ...filters.pullRequest].map(({ condition }, index) =>
    condition(`$${index + 5}`),
  );
  const ofPullRequest = conditions.splice(filters.chat.length);
  if (ofPullRequest.length > 0)
    conditions.push(`exists (select from ${FAMILY} join chat_diff_statuses d using (chat_id)
      where ${ofPullRequest.join(' and ')})`);
  const text = `with page as (
  select ${chatColumns('c')}, row_number() over (order by ${ORDER}) as position from chats c
  where c.owner_id = $1 and c.parent_chat_id is null and c.archived = $2
    ${conditions.map((condition) => `and ${condition}`).join('\n    ')}
  order by ${ORDER} limit $3 offset $4
)
select ${chatColumnNames('page')}, page.position from page
union all
select ${chatColumns('c')}, page.position from page join chats c on c.root_chat_id = page.id and c.archived = $2
order by position, parent_chat_id nulls first, created_at, id`;
  if (filters.pullRequest.length > 0 || filters.chat.some(({ name }) => name === 'search'))
    return { name: '', text };
  return sql(['list_chats', ...filters.chat.map((filter) => filter.name)].join('_'), text);
}

const READ_CURSOR = sql('read_list_cursor', 'select from chats where id = $1 and owner_id = $2');

/** Root chats with their children. Null when `afterId` is no chat of this owner. */
export async function listChats(database: Queryable, input: ListChatsInput): Promise<Chat[] | null> {
  const { ownerId, archived = false, limit = 50, offset = 0, afterId } = input;
  const chat = filtersOf(input);
  if (afterId !== undefined) chat.push({ name: 'after', value: afterId, condition: isAfter });
  if (input.search !== undefined) chat.push(searchFilter(input.search));
  const pullRequest = input.pullRequest ? pullRequestFilters(input.pullRequest) : [];
  const rows = await database.query<ChatRow>(listStatement({ chat, pullRequest }), [
    ownerId,
    archived,
    limit,
    offset,
    ...[...chat, ...pullRequest].map((filter) => filter.value),
  ]);
  if (rows.length === 0 && afterId !== undefined) {
    const cursor = await database.query(READ_CURSOR, [afterId, ownerId]);
    if (cursor.length === 0) return null;
  }
  const heads = rows.map(toChatHead);
  const roots = heads.filter((head) => head.rootChatId === null);
  return roots.map((root) =>
    toClientChat(
      root,
      heads.filter((head) => head.rootChatId === root.id),
    ),
  );
}
