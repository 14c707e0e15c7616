/** The short label of the last turn. It belongs to one history: when that has moved on, the label is dropped. */
import { subjects } from '@parley/contracts';
import { sql } from '@parley/database';
import { chatColumns, toChatHead, toClientChat, type ChatRow } from '../rows/chat-row';
import type { ChatStore } from '../types';

const SET_TURN_SUMMARY = sql(
  'set_turn_summary',
  `update chats c set last_turn_summary = $3 where c.id = $1 and c.history_version = $2
returning ${chatColumns('c')}`,
);

/** Stores the label of the last turn, unless the history has moved on. False when it has. */
export async function setTurnSummary(
  store: ChatStore,
  { chatId, historyVersion, summary }: { chatId: string; historyVersion: number; summary: string },
): Promise<boolean> {
  const [row] = await store.database.query<ChatRow>(SET_TURN_SUMMARY, [chatId, historyVersion, summary]);
  if (row === undefined) return false;
  const chat = toClientChat(toChatHead(row));
  store.bus.publish(subjects.userChats(row.owner_id), { kind: 'summary_change', chat });
  return true;
}
