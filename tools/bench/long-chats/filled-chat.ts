/** Messages by the thousand, questions and answers by turns, of 24 to 480 characters: the same in every bench of long chats. */
import { sql, type Database } from '@parley/database';

export const SIZES = [10, 1_000, 10_000];

const TEXT = 'some words of an answer ';
const LENGTHS = 20;
export const CONTENT = `jsonb_build_array(jsonb_build_object('type', 'text', 'text', repeat('${TEXT}', 1 + n % ${LENGTHS})))`;
export const ROLE = `case n % 2 when 1 then 'user' else 'assistant' end`;

/** As CONTENT has it. */
export const textOfMessage = (n: number): string => TEXT.repeat(1 + (n % LENGTHS));
export const roleOfMessage = (n: number): 'user' | 'assistant' => (n % 2 === 1 ? 'user' : 'assistant');

/** Into a chat (1) that holds none, so many (2). */
export const LENGTHEN = sql(
  'bench_lengthen',
  `insert into chat_messages (chat_id, revision, role, content)
select $1::uuid, 1, ${ROLE}, ${CONTENT} from generate_series(1, $2::int) n`,
);

const INSERT = sql(
  'bench_insert_chat',
  `insert into chats (organization_id, owner_id, last_model_config_id, title, title_source, status)
select $1, u.id, $2, 'A long one', 'manual', 'waiting' from users u order by u.created_at limit 1 returning id`,
);

/** Of the first user. */
export async function insertFilledChat(
  database: Database,
  chat: { organizationId: string; modelConfigId: string; messages: number },
): Promise<string> {
  const [row] = await database.query<{ id: string }>(INSERT, [chat.organizationId, chat.modelConfigId]);
  if (row === undefined) throw new Error('There is no user');
  await database.query(LENGTHEN, [row.id, chat.messages]);
  return row.id;
}
