/**
 * What a stream feed lacks: the head of a chat and messages, in one statement and so in one snapshot.
 *
 * Messages are append-only, so those newer than a revision are the tail of the history. The one exception is an edit, which marks
 * messages as deleted: then the feed must start anew, and gets the newest messages and `historyReset`.
 */
import type { ChatMessage } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';
import { chatColumns, toChatHead, type ChatRow } from '../rows/chat-row';
import { toChatMessage, toStoredMessage } from '../rows/message-row';
import type { ChatHead } from '../types';
import { boundedPage, type PageRow } from './bounded-page';

export interface ReadFeedInput {
  chatId: string;
  /** Messages written after this version of the chat, ascending. */
  afterRevision?: number;
  /** Messages after this id, ascending. With neither: the newest `limit` ones, ascending. */
  afterId?: number;
  limit: number;
  /** Of the contents together; one message always comes. Default: no bound. */
  maxBytes?: number;
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

const feedStatement = (name: string, page: { condition: string; order: string; isReset: string }) =>
  sql(
    name,
    `select ${chatColumns('c')}, ${page.isReset} as is_reset,
  (select jsonb_agg(to_jsonb(page) order by page.id) from (
    ${boundedPage({ condition: `m.chat_id = $1 and ${page.condition}`, order: page.order, limit: '$2', maxBytes: '$3::bigint' })}
  ) page) as messages
from chats c where c.id = $1`,
  );

const NEWEST = feedStatement('read_feed_newest', {
  condition: 'true',
  order: 'm.id desc',
  isReset: 'false',
});
const AFTER_ID = feedStatement('read_feed_after_id', {
  condition: 'm.id > $4',
  order: 'm.id',
  isReset: 'false',
});
const AFTER_REVISION = feedStatement('read_feed_after_revision', {
  condition: 'm.revision > $4',
  order: 'm.revision, m.id',
  isReset: `exists (select from chat_messages d
    where d.chat_id = $1 and d.revision > $4 and d.deleted and d.visibility <> 'model')`,
});

/** The head of a chat and messages in one snapshot; null when there is no such chat. */
export async function readFeed(database: Queryable, input: ReadFeedInput): Promise<FeedSnapshot | null> {
  const { chatId, limit, afterRevision, afterId, maxBytes = Number.MAX_SAFE_INTEGER } = input;
  const page = [chatId, limit, maxBytes];
  if (afterRevision !== undefined) {
    const tail = await read(database, AFTER_REVISION, [...page, afterRevision]);
    if (!tail?.historyReset) return tail;
    const newest = await readFeed(database, { chatId, limit, maxBytes });
    return newest && { ...newest, historyReset: true };
  }
  return afterId === undefined ? read(database, NEWEST, page) : read(database, AFTER_ID, [...page, afterId]);
}

type FeedRow = ChatRow & { is_reset: boolean; messages: PageRow[] | null };

async function read(
  database: Queryable,
  statement: typeof NEWEST,
  values: unknown[],
): Promise<FeedSnapshot | null> {
  const [row] = await database.query<FeedRow>(statement, values);
  if (row === undefined) return null;
  const rows = row.messages ?? [];
  return {
    head: toChatHead(row),
    messages: rows.map(toStoredMessage).map((message) => ({
      revision: message.revision,
      message: toChatMessage(message),
    })),
    hasMore: (statement === NEWEST ? rows[0] : rows.at(-1))?.has_next ?? false,
    historyReset: row.is_reset,
  };
}
