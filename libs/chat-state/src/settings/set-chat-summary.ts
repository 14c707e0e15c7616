/**
 * The summary of a whole chat. As the label of a turn it belongs to one history: when that has moved on, an edit may have taken
 * back what it tells.
 */
import { subjects } from '@parley/contracts';
import { sql } from '@parley/database';
import { chatColumns, toChatHead, toClientChat, type ChatRow } from '../rows/chat-row';
import type { ChatStore } from '../types';

const SET_CHAT_SUMMARY = sql(
  'set_chat_summary',
  `update chats c set summary = $3 where c.id = $1 and c.history_version = $2
returning ${chatColumns('c')}`,
);

/** Stores the summary of a chat, unless the history has moved on. False when it has. */
export async function setChatSummary(
  store: ChatStore,
  { chatId, historyVersion, summary }: { chatId: string; historyVersion: number; summary: string },
): Promise<boolean> {
  const [row] = await store.database.query<ChatRow>(SET_CHAT_SUMMARY, [chatId, historyVersion, summary]);
  if (row === undefined) return false;
  const chat = toClientChat(toChatHead(row));
  store.bus.publish(subjects.userChats(row.owner_id), { kind: 'chat_summary_change', chat });
  return true;
}
