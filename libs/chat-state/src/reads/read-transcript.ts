/** What the model sees of a chat. */
import { sql, type Queryable } from '@parley/database';
import { messageColumns, toStoredMessage, type MessageRow } from '../rows/message-row';
import type { TranscriptRow } from '../types';

// The boundary is the newest compressed row that the model sees. History before it is never scanned: its system messages come by an
// index of their own.
const READ_TRANSCRIPT = sql(
  'read_transcript',
  `with boundary as (
  select coalesce(max(b.id), 0) as id from chat_messages b
  where b.chat_id = $1 and b.compressed and not b.deleted and b.visibility <> 'user'
)
select ${messageColumns('m')} from chat_messages m, boundary
where m.chat_id = $1 and m.role = 'system' and m.id < boundary.id
  and not m.compressed and not m.deleted and m.visibility <> 'user'
union all
select ${messageColumns('m')} from chat_messages m, boundary
where m.chat_id = $1 and m.id >= boundary.id
  and (not m.compressed or m.id = boundary.id) and not m.deleted and m.visibility <> 'user'
order by id`,
);

/** In order: the uncompressed system messages, the newest boundary, and what came after it. */
export async function readTranscript(
  database: Queryable,
  input: { chatId: string },
): Promise<TranscriptRow[]> {
  const rows = await database.query<MessageRow>(READ_TRANSCRIPT, [input.chatId]);
  return rows.map(toStoredMessage);
}
