/** What people have said in a chat, at its beginning and lately: for naming it. */
import type { MessagePart, MessageRole } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';

const RECENT_TURNS = 3;
/** A turn of many steps has many messages, and the last ones say what came of it. */
const MAX_RECENT_MESSAGES = 60;

// Parts that nobody reads (tool calls, reasoning, images) stay in Postgres.
const READ_CONVERSATION = sql(
  'read_conversation',
  `with prompts as (
  select m.id from chat_messages m
  where m.chat_id = $1 and m.role = 'user' and not m.deleted and m.visibility <> 'model'
),
first as (select id from prompts order by id limit 1),
recent as (select min(id) as id from (select id from prompts order by id desc limit ${RECENT_TURNS}) last),
latest as (
  select m.id from chat_messages m, recent
  where m.chat_id = $1 and m.id >= recent.id and m.role in ('user', 'assistant')
    and not m.deleted and m.visibility <> 'model' and not m.compressed
  order by m.id desc limit ${MAX_RECENT_MESSAGES}
)
select m.role,
  jsonb_path_query_array(m.content, '$[*] ? (@.type == "text" || @.type == "file-reference" ||
    @.type == "file" && @.media_type like_regex "^(text/|application/.*(json|xml|yaml|toml|javascript))")') as content
from chat_messages m where m.chat_id = $1 and m.id in (select id from first union select id from latest)
order by m.id`,
);

export interface ConversationRow {
  readonly role: MessageRole;
  readonly content: MessagePart[];
}

/** The first message of the user and what was said in the last three turns, oldest first; also what was compacted since. */
export async function readConversation(
  database: Queryable,
  input: { chatId: string },
): Promise<ConversationRow[]> {
  return database.query<ConversationRow>(READ_CONVERSATION, [input.chatId]);
}
