/** A title that a model made replaces only the fallback: what a person or an earlier generation chose stays. */
import { subjects } from '@parley/contracts';
import { sql } from '@parley/database';
import { chatColumns, toChatHead, toClientChat, type ChatRow } from '../rows/chat-row';
import type { ChatStore } from '../types';

const SET_GENERATED_TITLE = sql(
  'set_generated_title',
  `update chats c set title = $2, title_source = 'generated' where c.id = $1 and c.title_source = 'fallback'
returning ${chatColumns('c')}`,
);

/** Sets a generated title. False when it came too late. */
export async function setGeneratedTitle(
  store: ChatStore,
  { chatId, title }: { chatId: string; title: string },
): Promise<boolean> {
  const [row] = await store.database.query<ChatRow>(SET_GENERATED_TITLE, [chatId, title]);
  if (row === undefined) return false;
  const chat = toClientChat(toChatHead(row));
  store.bus.publish(subjects.userChats(row.owner_id), { kind: 'title_change', chat });
  return true;
}
