/**
 * The list of a user's chats: pinned ones in their order, then the latest updated, then by id.
 *
 * A page starts after the whole tuple that its cursor chat has now, so that its boundary holds while other chats move. One
 * index has this order; the page's children come in the same statement. Each combination of filters is a statement of its
 * own, so that Postgres plans for the filters there are.
 */
import type { Chat } from '@parley/contracts';
import { encodeJsonb, sql, type Queryable } from '@parley/database';
import { chatColumnNames, chatColumns, toChatHead, toClientChat, type ChatRow } from '../rows/chat-row';

export interface ListChatsInput {
  ownerId: string;
  /** Default false. */
  archived?: boolean;
  /** Part of the title, in any case. */
  title?: string;
  hasUnread?: boolean;
  /** All must match. */
  labels?: Record<string, string>;
  /** The last chat of the page before. */
  afterId?: string;
  /** Default 50. */
  limit?: number;
  /** Default 0. */
  offset?: number;
}

interface Filter {
  name: 'title' | 'unread' | 'labels' | 'after';
  value: unknown;
  condition: (parameter: string) => string;
}

const isAfter = (
  cursor: string,
) => `exists (select from chats k where k.id = ${cursor}::uuid and k.owner_id = $1
    and ((c.pin_order = 0, c.pin_order) > (k.pin_order = 0, k.pin_order)
      or ((c.pin_order = 0, c.pin_order) = (k.pin_order = 0, k.pin_order)
        and (c.updated_at, c.id) < (k.updated_at, k.id))))`;

function filtersOf(input: ListChatsInput): Filter[] {
  const filters: Filter[] = [
    { name: 'title', value: input.title, condition: (text) => `strpos(lower(c.title), lower(${text})) > 0` },
    {
      name: 'unread',
      value: input.hasUnread,
      condition: (isUnread) => `(c.answered_version > c.read_version) = ${isUnread}`,
    },
    {
      name: 'labels',
      value: input.labels && encodeJsonb(input.labels),
      condition: (labels) => `c.labels <> '{}' and c.labels @> ${labels}::jsonb`,
    },
    { name: 'after', value: input.afterId, condition: isAfter },
  ];
  return filters.filter((filter) => filter.value !== undefined);
}

const ORDER = 'c.pin_order = 0, c.pin_order, c.updated_at desc, c.id desc';

const listStatement = (filters: readonly Filter[]) =>
  sql(
    ['list_chats', ...filters.map((filter) => filter.name)].join('_'),
    `with page as (
  select ${chatColumns('c')}, row_number() over (order by ${ORDER}) as position from chats c
  where c.owner_id = $1 and c.parent_chat_id is null and c.archived = $2
    ${filters.map(({ condition }, index) => `and ${condition(`$${index + 5}`)}`).join('\n    ')}
  order by ${ORDER} limit $3 offset $4
)
select ${chatColumnNames('page')}, page.position from page
union all
select ${chatColumns('c')}, page.position from page join chats c on c.root_chat_id = page.id and c.archived = $2
order by position, parent_chat_id nulls first, created_at, id`,
  );

const READ_CURSOR = sql('read_list_cursor', 'select from chats where id = $1 and owner_id = $2');

/** Root chats with their children. Null when `afterId` is no chat of this owner. */
export async function listChats(database: Queryable, input: ListChatsInput): Promise<Chat[] | null> {
  const { ownerId, archived = false, limit = 50, offset = 0, afterId } = input;
  const filters = filtersOf(input);
  const rows = await database.query<ChatRow>(listStatement(filters), [
    ownerId,
    archived,
    limit,
    offset,
    ...filters.map((filter) => filter.value),
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
