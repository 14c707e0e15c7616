/** Pages of what clients see of a history. */
import type { ChatMessage } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';
import { toChatMessage, toStoredMessage, type MessageRow } from '../rows/message-row';
import { boundedPage, type PageRow } from './bounded-page';

export interface ReadMessagesInput {
  chatId: string;
  afterId?: number;
  beforeId?: number;
  limit: number;
  /** Of the contents together; one message always comes. Default: no bound. */
  maxBytes?: number;
}

const pageStatement = (name: string, order: 'asc' | 'desc') =>
  sql(
    name,
    boundedPage({
      condition: 'm.chat_id = $1 and m.id > $2 and m.id < $3',
      order: `m.id ${order}`,
      limit: '$4',
      maxBytes: '$5::bigint',
    }),
  );

const OLDEST_FIRST = pageStatement('read_messages_oldest_first', 'asc');
const NEWEST_FIRST = pageStatement('read_messages_newest_first', 'desc');

/**
 * Ascending with `afterId` alone, so that a poller never skips the older part of a burst; descending in every other form.
 */
export async function readMessages(
  database: Queryable,
  { chatId, afterId, beforeId, limit, maxBytes }: ReadMessagesInput,
): Promise<{ messages: ChatMessage[]; hasMore: boolean }> {
  const statement = afterId !== undefined && beforeId === undefined ? OLDEST_FIRST : NEWEST_FIRST;
  const rows = await database.query<PageRow>(statement, [
    chatId,
    afterId ?? 0,
    beforeId ?? Number.MAX_SAFE_INTEGER,
    limit,
    maxBytes ?? Number.MAX_SAFE_INTEGER,
  ]);
  return {
    messages: rows.map((row) => toChatMessage(toStoredMessage(row))),
    hasMore: rows.at(-1)?.has_next ?? false,
  };
}

/** Any character that JavaScript does not trim, for Postgres, whose own notion of a space depends on the locale. */
const NOT_BLANK = String.raw`[^\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]`;

const READ_PROMPTS = sql(
  'read_prompts',
  `select m.content from chat_messages m join chats c on c.id = m.chat_id
where m.chat_id = $1 and m.role = 'user' and m.created_by = c.owner_id and not m.deleted and m.visibility <> 'model'
  and exists (select from jsonb_array_elements(m.content) as part
    where part ->> 'type' = 'text' and part ->> 'text' ~ '${NOT_BLANK}')
order by m.id desc limit $2`,
);

/** Texts that the owner sent in this chat, newest first; blank ones are neither returned nor counted. */
export async function readPrompts(
  database: Queryable,
  input: { chatId: string; limit: number },
): Promise<string[]> {
  const rows = await database.query<Pick<MessageRow, 'content'>>(READ_PROMPTS, [input.chatId, input.limit]);
  return rows.map((row) =>
    row.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n'),
  );
}
