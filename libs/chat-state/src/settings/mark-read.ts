/** The owner has read the chat. Nothing else moves: no version, no list order, no event. */
import { sql } from '@parley/database';
import type { ChatStore } from '../types';

const MARK_READ = sql(
  'mark_read',
  `update chats set read_version = answered_version
where id = $1 and owner_id = $2 and read_version < answered_version`,
);

/** Marks the chat as read up to its last answer. Does nothing for anyone but the owner. */
export async function markRead(
  store: Pick<ChatStore, 'database'>,
  { chatId, ownerId }: { chatId: string; ownerId: string },
): Promise<void> {
  await store.database.query(MARK_READ, [chatId, ownerId]);
}
