/**
 * The place of a chat among its owner's pinned ones. Every change renumbers them all from 1, which heals gaps and duplicates; a
 * lock per owner keeps two changes from numbering at once.
 */
import { sql, type Queryable } from '@parley/database';
import type { Refused } from '../types';

const LOCK_PINS = sql(
  'lock_pins',
  `select c.archived, c.parent_chat_id is not null as is_child, pg_advisory_xact_lock(hashtextextended(c.owner_id::text, 0))
from chats c where c.id = $1 and c.owner_id = coalesce($2, c.owner_id)`,
);

const SET_PIN = sql(
  'set_pin',
  `with target as (select id, owner_id, pin_order from chats where id = $1),
others as (
  select c.id, row_number() over (order by c.pin_order, c.id) as place
  from target t join chats c on c.owner_id = t.owner_id and c.id <> t.id
  where c.parent_chat_id is null and not c.archived and c.pin_order > 0
),
wanted as (
  select case when $2 = 0 then 0 when t.pin_order = 0 then n.count + 1 else least($2, n.count + 1) end as place
  from target t, (select count(*) from others) n
),
places as (
  select o.id, o.place + (o.place >= wanted.place and wanted.place > 0)::integer as place from others o, wanted
  union all
  select t.id, wanted.place from target t, wanted
)
update chats c set pin_order = places.place from places
where c.id = places.id and c.pin_order <> places.place`,
);

/** Pins, moves or unpins, inside a transaction. Refused: `not_found`, `archived`, `not_a_root`. */
export async function setPin(
  tx: Queryable,
  { chatId, ownerId, pinOrder }: { chatId: string; ownerId?: string; pinOrder: number },
): Promise<{ ok: true } | Refused> {
  const [chat] = await tx.query<{ archived: boolean; is_child: boolean }>(LOCK_PINS, [
    chatId,
    ownerId ?? null,
  ]);
  if (chat === undefined) return { ok: false, reason: 'not_found' };
  if (chat.archived) return { ok: false, reason: 'archived' };
  if (chat.is_child) return { ok: false, reason: 'not_a_root' };
  await tx.query(SET_PIN, [chatId, pinOrder]);
  return { ok: true };
}
