/**
 * What a stream feed lacks: the head of a chat and messages, in one statement and so in one snapshot.
 *
 * Messages are append-only, so those newer than a revision are the tail of the history. The one exception is an edit, which marks
 * messages as deleted: then the feed must start anew, and gets the newest messages and `historyReset`.
 */
import type { ChatMessage } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';
import { chatColumns, toChatHead, type ChatRow } from '../rows/chat-row';
import { messageColumns, toChatMessage, toStoredMessage, type MessageRow } from '../rows/message-row';
import type { ChatHead } from '../types';

export interface ReadFeedInput {
  chatId: string;
  /** Messages written after this version of the chat, ascending. */
  afterRevision?: number;
  /** Messages after this id, ascending. With neither: the newest `limit` ones, ascending. */
  afterId?: number;
  limit: number;
}

export interface FeedSnapshot {
  head: ChatHead;
  /** In ascending order of id, each with the revision that wrote it. */
  messages: { revision: number; message: ChatMessage }[];
  /** More exist in the direction read: newer ones after a cursor, older ones without. */
  hasMore: boolean;
  /** Messages were removed after `afterRevision`: the newest `limit` messages are returned instead. */
  historyReset: boolean;
}

const feedStatement = (name: string, { page, isReset }: { page: string; isReset: string }) =>
  sql(
    name,
    `select ${chatColumns('c')}, ${isReset} as is_reset,
  (select jsonb_agg(to_jsonb(page) order by page.id) from (
    select ${messageColumns('m')} from chat_messages m
    where m.chat_id = $1 and not m.deleted and m.visibility <> 'model' and ${page} limit $2) page) as messages
from chats c where c.id = $1`,
  );

const NEWEST = feedStatement('read_feed_newest', { page: 'true order by m.id desc', isReset: 'false' });
const AFTER_ID = feedStatement('read_feed_after_id', { page: 'm.id > $3 order by m.id', isReset: 'false' });
const AFTER_REVISION = feedStatement('read_feed_after_revision', {
  page: 'm.revision > $3 order by m.revision, m.id',
  isReset: `exists (select from chat_messages d
    where d.chat_id = $1 and d.revision > $3 and d.deleted and d.visibility <> 'model')`,
});

/** The head of a chat and messages in one snapshot; null when there is no such chat. */
export async function readFeed(database: Queryable, input: ReadFeedInput): Promise<FeedSnapshot | null> {
  const { chatId, limit, afterRevision, afterId } = input;
  if (afterRevision !== undefined) {
    const tail = await read(database, AFTER_REVISION, { values: [chatId, limit + 1, afterRevision], limit });
    if (!tail?.historyReset) return tail;
    const newest = await readFeed(database, { chatId, limit });
    return newest && { ...newest, historyReset: true };
  }
  if (afterId !== undefined) return read(database, AFTER_ID, { values: [chatId, limit + 1, afterId], limit });
  return read(database, NEWEST, { values: [chatId, limit + 1], limit, isNewestFirst: true });
}

type FeedRow = ChatRow & { is_reset: boolean; messages: MessageRow[] | null };

async function read(
  database: Queryable,
  statement: typeof NEWEST,
  { values, limit, isNewestFirst }: { values: unknown[]; limit: number; isNewestFirst?: boolean },
): Promise<FeedSnapshot | null> {
  const [row] = await database.query<FeedRow>(statement, values);
  if (row === undefined) return null;
  const rows = row.messages ?? [];
  const page = isNewestFirst ? rows.slice(-limit) : rows.slice(0, limit);
  return {
    head: toChatHead(row),
    messages: page.map(toStoredMessage).map((message) => ({
      revision: message.revision,
      message: toChatMessage(message),
    })),
    hasMore: rows.length > limit,
    historyReset: row.is_reset,
  };
}
