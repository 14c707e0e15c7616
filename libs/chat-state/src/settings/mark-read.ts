/** The owner has read the chat. Nothing else moves: no version, no list order, no event. */
import { parameterList, queryBatched, sql, type BatchedStatement } from '@parley/database';
import type { ChatStore } from '../types';

const LIST = parameterList(['uuid', 'uuid']);
const statement = (name: string, locked: string) =>
  sql(
    name,
    `with l as (select c.id, c.read_version < c.answered_version as is_unread from ${locked}),
u as (update chats set read_version = answered_version where id = any (array(select id from l where is_unread)))
select l.id from l`,
  );
const OF_OWNER = 'chats c where c.id = $1 and c.owner_id = $2';
const MARK_READ: BatchedStatement = {
  one: statement('mark_read', `${OF_OWNER} for no key update skip locked`),
  many: statement(
    'mark_read_many',
    `${LIST.from} cross join lateral (
      select c.id, c.read_version, c.answered_version from chats c where c.id = p.p1 and c.owner_id = p.p2
      for no key update skip locked) c`,
  ),
  waiting: statement('mark_read_waiting', `${OF_OWNER} for no key update`),
  jsonParameters: LIST.jsonParameters,
  keyColumn: 'id',
};

/** Marks the chat as read up to its last answer. Does nothing for anyone but the owner. */
export async function markRead(
  store: Pick<ChatStore, 'database'>,
  { chatId, ownerId }: { chatId: string; ownerId: string },
): Promise<void> {
  await queryBatched(store.database, MARK_READ, [chatId, ownerId]);
}
