/** What a chat has to say for itself: the text of its last answer. */
import type { MessagePart } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';

const READ_REPORT = sql(
  'read_report',
  `select m.content from chat_messages m
where m.chat_id = $1 and m.role = 'assistant' and not m.deleted and m.visibility <> 'model' and not m.compressed
  and exists (select from jsonb_array_elements(m.content) part where part ->> 'type' = 'text' and part ->> 'text' <> '')
order by m.id desc limit 1`,
);

/** The text of the last answer that has one; empty when there is none. */
export async function readReport(database: Queryable, input: { chatId: string }): Promise<string> {
  const [row] = await database.query<{ content: MessagePart[] }>(READ_REPORT, [input.chatId]);
  return (row?.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}
