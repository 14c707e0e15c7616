/**
 * Why: full text search over what people see of a chat's messages.
 *
 * The index has the words (English, without stop words) of the first 65,536 characters of a message's text parts, so that no message
 * is too long to be stored, and one word more: a blank and the chat's id, which no text can contain as a word. A search asks for
 * both in one chat after another, in the order of the list, and ends with the page: it costs what its asker has, not what the
 * deployment has, also for a word that everybody uses.
 *
 * New words wait in a short pending list (256 kB), which every one of those questions has to read whole: without one, each message
 * touched so many pages of the index that a turn wrote 70 kB of WAL, with it 6 kB. No column, no trigger, no statement; messages of
 * tools and for the model alone pay nothing.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ChatSearch1764374400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(WORDS);
    await runner.query(INDEX);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

// The cost is what it takes, in the planner's measure: reading words out of messages is never cheaper than asking the index.
const WORDS = `
create function chat_message_words(chat_id uuid, content jsonb) returns tsvector
language sql immutable parallel safe cost 10000 as $$
  select array_to_tsvector(array[' ' || chat_id::text])
    || to_tsvector('pg_catalog.english', coalesce(left(string_agg(left(part #>> '{}', 65536), e'\\n'), 65536), ''))
  from jsonb_path_query(content, '$[*] ? (@.type == "text").text') part
$$;
`;

const INDEX = `
-- serves: search: of GET /chats
create index chat_messages_words on chat_messages using gin (chat_message_words(chat_id, content)) with (gin_pending_list_limit = 256)
  where role in ('user', 'assistant') and visibility <> 'model' and not deleted;
`;
