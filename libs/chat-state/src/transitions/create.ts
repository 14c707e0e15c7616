/** A new chat: its row, its system messages and the first user message, in one statement, and it runs. */
import type { ChatMessage, DynamicTool, ReasoningEffort } from '@parley/contracts';
import { encodeJsonb, sql, type Queryable, type SqlStatement } from '@parley/database';
import { publishChange } from '../publish-change';
import { toDone, type TransitionRow } from '../apply-transition';
import { KEY_COUNTS, keyCtes, readRepeat, type OnceKey, type Repeat } from '../once';
import { chatColumnNames, chatColumns, toChatHead, type ChatRow } from '../rows/chat-row';
import { encodeMessages, toChatMessages } from '../rows/message-row';
import { insertMessages } from '../transition-statement';
import type { ChatHead, ChatStore, Done, NewMessage, Refused, TitleSource } from '../types';

export interface CreateChatInput {
  /** Given by the caller where creating twice must make one chat: the second is refused as `already_exists`. */
  id?: string;
  organizationId: string;
  ownerId: string;
  /** Makes it a child. The parent must be a root of the same owner that is not archived. */
  parentChatId?: string;
  title: string;
  titleSource: TitleSource;
  modelConfigId: string;
  reasoningEffort?: ReasoningEffort | null;
  mode?: string | null;
  planMode?: 'plan' | null;
  /** Default `api`. */
  clientType?: 'ui' | 'api';
  labels?: Record<string, string>;
  mcpServerIds?: readonly string[];
  dynamicTools?: readonly DynamicTool[];
  /** The only tools of workers that it may ever use. Default: all. */
  allowedTools?: readonly string[] | null;
  systemMessages?: readonly NewMessage[];
  userMessage: NewMessage;
  /** Under this key the owner's chat is created at most once. */
  once?: OnceKey;
}

// The parent is locked against archiving, which must take all children or none.
const createStatement = (name: string, also?: string): SqlStatement =>
  sql(
    name,
    `with parent as (
  select id from chats where id = $4::uuid and owner_id = $3 and parent_chat_id is null and not archived for share
),
u as (
  insert into chats as c (id, organization_id, owner_id, parent_chat_id, root_chat_id, title, title_source,
    last_model_config_id, last_reasoning_effort, mode, plan_mode, client_type, labels, mcp_server_ids, dynamic_tools,
    allowed_tools, status)
  select coalesce($1::uuid, gen_random_uuid()), $2, $3, $4::uuid, $4::uuid, $5, $6, $7, $8, $9, $10, $11, $12::jsonb,
    $13::uuid[], $14::jsonb, $16::text[], 'running'
  where $4::uuid is null or exists (select from parent)
  on conflict (id) do nothing
  returning ${chatColumns('c')}
),
w as (select u.id, $15::jsonb as written from u),
${insertMessages}${also === undefined ? '' : `,\n${also}`}
select ${chatColumnNames('u')}, (select jsonb_agg(to_jsonb(m) order by m.id) from m) as messages,
  $4::uuid is null or exists (select from parent) as has_parent
from (values (true)) one left join u on true`,
  );
const CREATE = createStatement('create_chat');
const CREATE_ONCE = createStatement(
  'create_chat_once',
  keyCtes({ user: '$3', key: '$17', hash: '$18', result: 'to_jsonb(u)' }),
);

/**
 * Inserts the chat, running, with its system messages and the first user message. With `once`, a repeat violates the key's
 * uniqueness, and changes nothing; `readRepeatedCreate` then says what the first one did.
 * @throws the driver's error with SQLSTATE 23505 when the key was used in the last 24 hours
 */
export async function createChat(
  store: ChatStore,
  input: CreateChatInput,
): Promise<Done<{ messages: ChatMessage[] }> | Refused> {
  const { once } = input;
  const [row] = await (once === undefined
    ? store.database.query<Created | NotCreated>(CREATE, valuesOf(input))
    : store.database.query<Created | NotCreated>(CREATE_ONCE, [
        ...valuesOf(input),
        once.key,
        once.requestHash,
      ]));
  if (row === undefined || row.id === null)
    return { ok: false, reason: row?.has_parent === false ? 'parent_not_found' : 'already_exists' };
  const done = toDone({ ...row, ...FROM_NOTHING, from_id: row.id, from_owner_id: row.owner_id });
  publishChange(store, { ...done, wakesOwner: true });
  return { ...done, messages: toChatMessages(done.rows) };
}

// What `u` does not say is as in every chat before its first answer.
const READ_REPEATED = sql(
  'read_repeated_create',
  `select k.request_hash = $3 as is_same, ${chatColumns('c')}
from idempotency_keys k
  cross join lateral jsonb_populate_record(null::chats, '{"answered_version": 0, "read_version": 0}' || k.result) c
where ${KEY_COUNTS}`,
);

/** The chat as the first create of the user under this key left it, if there was one in the last 24 hours. */
export function readRepeatedCreate(
  database: Queryable,
  { userId, once }: { userId: string; once: OnceKey },
): Promise<Repeat<ChatHead> | null> {
  return readRepeat<ChatRow, ChatHead>(database, {
    statement: READ_REPEATED,
    userId,
    once,
    toResult: toChatHead,
  });
}

type Created = ChatRow & Pick<TransitionRow, 'messages'> & { has_parent: boolean };
type NotCreated = { id: null; has_parent: boolean };

/** A chat before its first version. */
const FROM_NOTHING = {
  from_status: 'waiting',
  from_archived: false,
  from_queue_length: 0,
  from_version: 0,
  from_open_calls: [],
  from_retry_attempt: null,
} satisfies Partial<TransitionRow>;

function valuesOf(input: CreateChatInput): unknown[] {
  return [
    input.id ?? null,
    input.organizationId,
    input.ownerId,
    input.parentChatId ?? null,
    input.title,
    input.titleSource,
    input.modelConfigId,
    input.reasoningEffort ?? null,
    input.mode ?? null,
    input.planMode ?? null,
    input.clientType ?? 'api',
    encodeJsonb(input.labels ?? {}),
    input.mcpServerIds ?? [],
    encodeJsonb(input.dynamicTools ?? []),
    encodeMessages([...(input.systemMessages ?? []), input.userMessage]),
    input.allowedTools ?? null,
  ];
}
