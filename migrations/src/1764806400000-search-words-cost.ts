/**
 * Why: the words of a message cost Postgres a quarter of a turn.
 *
 * An SQL function that stands in an index is parsed and planned anew by each statement that inserts a message, twice: once to see
 * whether it can be inlined, once to run. A PL/pgSQL one is compiled once a connection, and a message of one text part, as nearly all
 * are, needs no statement in it. It returns the same words, so that the index stays as it is.
 *
 * Statistics of those words are never asked for by a search (it looks into one chat at a time), but each automatic ANALYZE read the
 * words of 30,000 messages for them.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class SearchWordsCost1764806400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(WORDS);
    await runner.query('alter index chat_messages_words alter column 1 set statistics 0');
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

const WORDS = `
create or replace function chat_message_words(chat_id uuid, content jsonb) returns tsvector
language plpgsql immutable parallel safe cost 10000 as $$
declare
  texts jsonb := jsonb_path_query_array(content, '$[*] ? (@.type == "text").text');
  whole text;
begin
  if jsonb_array_length(texts) = 1 then
    whole := texts ->> 0;
  else
    whole := (select string_agg(left(part #>> '{}', 65536), e'\\n' order by position)
      from jsonb_array_elements(texts) with ordinality as given (part, position));
  end if;
  return array_to_tsvector(array[' ' || chat_id::text])
    || to_tsvector('pg_catalog.english', coalesce(left(whole, 65536), ''));
end
$$;
`;
