/** A new chat: its row, its system messages and the first user message, in one statement, and it runs. */
import { randomUUID } from 'node:crypto';
import type { ChatMessage, DynamicTool, ReasoningEffort } from '@parley/contracts';
import {
  encodeJsonb,
  parameterList,
  queryBatched,
  sql,
  type BatchedStatement,
  type Queryable,
  type SqlStatement,
} from '@parley/database';
import { publishChange } from '../publish-change';
import { toDone, type TransitionRow } from '../apply-transition';
import { KEY_COUNTS, keyCtes, readRepeat, type OnceKey, type Repeat } from '../once';
import { chatColumnNames, chatColumns, toChatHead, type ChatRow } from '../rows/chat-row';
import { encodeMessages, toChatMessages } from '../rows/message-row';
import { insertMessages } from '../transition-statement';
import type { ChatHead, ChatStore, Done, NewMessage, Refused, TitleSource } from '../types';

export interface CreateChatInput {
  /** Given by the caller where creating twice must make one chat: the second is refused as `already_exists`. Default: a fresh one. */
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

const TYPES = [
  'uuid',
  'uuid',
  'uuid',
  'uuid',
  'text',
  'text',
  'uuid',
  'text',
  'text',
  'text',
  'text',
  'jsonb',
]
  // From $13 on: MCP servers, dynamic tools, messages, allowed tools.
  .concat('uuid[]', 'jsonb', 'jsonb', 'text[]');
const LIST = parameterList(TYPES);
const ONE = `(select ${LIST.columns.map((column, index) => `$${index + 1}::${TYPES[index]} as ${column}`).join(', ')}) p`;

// The parent is locked against archiving, which must take all children or none.
const createStatement = (name: string, { from, also }: { from: string; also?: string }): SqlStatement =>
  sql(
    name,
    `with p as (select * from ${from}),
parent as (
  select c.id from p join chats c on c.id = p.p4 and c.owner_id = p.p3 and c.parent_chat_id is null and not c.archived
  for share of c
),
u as (
  insert into chats as c (id, organization_id, owner_id, parent_chat_id, root_chat_id, title, title_source,
    last_model_config_id, last_reasoning_effort, mode, plan_mode, client_type, labels, mcp_server_ids, dynamic_tools,
    allowed_tools, status)
  select p1, p2, p3, p4, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p16, 'running'
  from p where p4 is null or exists (select from parent where id = p4)
  on conflict (id) do nothing
  returning ${chatColumns('c')}
),
w as (select p1 as id, p15 as written from p),
${insertMessages}${also === undefined ? '' : `,\n${also}`}
select p1 as asked_id, ${chatColumnNames('u')},
  (select jsonb_agg(to_jsonb(m) order by m.id) from m where m.chat_id = u.id) as messages,
  p4 is null or exists (select from parent where id = p4) as has_parent
from p left join u on u.id = p1`,
  );
const CREATE = createStatement('create_chat', { from: ONE });
// A child waits for its parent's lock: never in a batch.
const CREATE_ROOT: BatchedStatement = {
  one: CREATE,
  many: createStatement('create_chat_many', { from: LIST.from }),
  waiting: CREATE,
  jsonParameters: LIST.jsonParameters,
  keyColumn: 'asked_id',
};
const CREATE_ONCE = createStatement('create_chat_once', {
  from: ONE,
  also: keyCtes({ user: '$3', key: '$17', hash: '$18', result: 'to_jsonb(u)' }),
});

/**
 * Inserts the chat, running, with its system messages and the first user message. With `once`, a repeat violates the key's
 * uniqueness, and changes nothing; `readRepeatedCreate` then says what the first one did.
 * @throws the driver's error with SQLSTATE 23505 when the key was used in the last 24 hours
 */
export async function createChat(
  store: ChatStore,
  input: CreateChatInput,
): Promise<Done<{ messages: ChatMessage[] }> | Refused> {
  const row = await insertChat(store.database, input);
  if (row === undefined || row.id === null)
    return { ok: false, reason: row?.has_parent === false ? 'parent_not_found' : 'already_exists' };
  const done = toDone({ ...row, ...FROM_NOTHING, from_id: row.id, from_owner_id: row.owner_id });
  publishChange(store, { ...done, wakesOwner: true });
  return { ...done, messages: toChatMessages(done.rows) };
}

async function insertChat(
  database: ChatStore['database'],
  input: CreateChatInput,
): Promise<Created | NotCreated | undefined> {
  const { once, parentChatId } = input;
  const values = valuesOf(input);
  if (once === undefined && parentChatId === undefined)
    return queryBatched<Created | NotCreated>(database, CREATE_ROOT, values);
  const [row] = await (once === undefined
    ? database.query<Created | NotCreated>(CREATE, values)
    : database.query<Created | NotCreated>(CREATE_ONCE, [...values, once.key, once.requestHash]));
  return row;
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
    input.id ?? randomUUID(),
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
