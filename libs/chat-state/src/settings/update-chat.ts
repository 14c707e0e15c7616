/**
 * What a user may change about a chat while it does whatever it does: title, labels, plan mode, place among the pinned. None of it is
 * execution state, so it moves neither the version nor the order of lists.
 */
import { subjects } from '@parley/contracts';
import { encodeJsonb, sql, type Queryable } from '@parley/database';
import { chatColumnNames, chatColumns, toChatHead, toClientChat, type ChatRow } from '../rows/chat-row';
import type { ChatHead, ChatStore, Refused } from '../types';
import { setPin } from './set-pin';

export interface UpdateChatInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  title?: string;
  labels?: Record<string, string>;
  /** Empty leaves plan mode. */
  planMode?: '' | 'plan';
  /** 0 unpins; a positive number appends an unpinned chat and moves a pinned one. Roots that are not archived only. */
  pinOrder?: number;
}

const UPDATE_CHAT = sql(
  'update_chat',
  `with l as (
  select c.id, c.title from chats c where c.id = $1 and c.owner_id = coalesce($2, c.owner_id) for no key update
),
u as (
  update chats c set
    title = coalesce($3, c.title),
    title_source = case when $3::text is null then c.title_source else 'manual' end,
    labels = coalesce($4::jsonb, c.labels),
    plan_mode = case when $5::text is null then c.plan_mode else nullif($5, '') end
  from l where c.id = l.id
  returning ${chatColumns('c')}
)
select l.title as from_title, ${chatColumnNames('u')} from l join u using (id)`,
);

/** Changes what is given, all or nothing. A pin is refused with `archived` or `not_a_root`. */
export async function updateChat(
  store: ChatStore,
  input: UpdateChatInput,
): Promise<{ ok: true; chat: ChatHead } | Refused> {
  const { pinOrder } = input;
  const result =
    pinOrder === undefined
      ? await update(store.database, input)
      : await store.database.transaction(async (tx) => {
          const pinned = await setPin(tx, { ...input, pinOrder });
          return pinned.ok ? update(tx, input) : pinned;
        });
  if (!result.ok) return result;
  const { chat, fromTitle } = result;
  if (fromTitle !== chat.title)
    store.bus.publish(subjects.userChats(chat.ownerId), { kind: 'title_change', chat: toClientChat(chat) });
  return { ok: true, chat };
}

async function update(
  database: Queryable,
  { chatId, ownerId, title, labels, planMode }: UpdateChatInput,
): Promise<{ ok: true; chat: ChatHead; fromTitle: string } | Refused> {
  const [row] = await database.query<ChatRow & { from_title: string }>(UPDATE_CHAT, [
    chatId,
    ownerId ?? null,
    title ?? null,
    labels === undefined ? null : encodeJsonb(labels),
    planMode ?? null,
  ]);
  return row
    ? { ok: true, chat: toChatHead(row), fromTitle: row.from_title }
    : { ok: false, reason: 'not_found' };
}
