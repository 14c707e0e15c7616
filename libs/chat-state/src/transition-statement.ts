/**
 * The one shape of every transition: lock the row, decide from it, write row and messages, return both — in one statement.
 *
 * Under READ COMMITTED a statement that waited for the row lock sees the new version of the locked row, but every other table
 * as of its start. So what a transition decides (`when`, `status`, `queue`, …) are expressions over `l`, the row as locked, and
 * over nothing else. Those that must read messages run inside a transaction whose first statement took the lock.
 *
 * A transition says only what is its own. The rules for all are here, so that none can forget them:
 * - `version` goes up by one; `history_version`, `queue_version` and each message's `revision` are that version when they change;
 * - a user message enters the history, and a chat comes to rest, only after every open call has a result: the missing ones
 *   get a synthetic "cancelled", before it, in the same statement;
 * - `generation_attempt` starts at 0 again with a new history;
 * - `last_error` and `action_deadline_at` go when their status goes; `retry` goes with its attempt;
 * - whatever rewrites the execution state clears `compaction_requested_at`; queueing, acquiring and archiving keep it;
 * - `updated_at`, the order of lists, moves only when a turn starts or ends, and on archive.
 *
 * The steps: `l` locks, `n` decides, `w` completes the messages, `u` updates the row, `m` inserts the messages. Where `when` refuses,
 * `n` is empty, and so is all that follows. The answer has a row for each chat that was locked: the state it was found in, and the
 * row it became, or NULLs.
 */
import { parameterList, sql, type BatchedStatement, type SqlStatement } from '@parley/database';
import { chatColumnNames, chatColumns } from './rows/chat-row';
import { messageColumns, WRITTEN_FIELDS } from './rows/message-row';

/** SQL expressions over `l`, and over parameters. $1 is the chat's id unless `lock` says otherwise. */
export interface TransitionParts {
  /** Whether the row as locked allows it. */
  when: string;
  /** Which rows are locked: everything after `from`. Default: `chats c where c.id = $1 for no key update`. */
  lock?: string;
  /** Further columns of `l`. */
  columns?: string;
  /** Common table expressions before the lock. */
  before?: string;
  status?: string;
  archived?: string;
  queue?: string;
  /** `jsonb`, an array: messages that enter the history first. */
  given?: string;
  /** The calls that are open after `given`. Default: those of the row. */
  calls?: string;
  /** True when open calls get cancelled results though no user message comes and the chat does not rest. */
  cancels?: string;
  /** `jsonb` over `n` and `call`, an open call: its tool-result where it is more than cancelled, or NULL. */
  result?: string;
  /** `jsonb`, an array: messages that come after the cancelled results. */
  after?: string;
  /** A queued or new user message that enters the history last, or NULL. Its model becomes the chat's. */
  userMessage?: string;
  worker?: string;
  runner?: string;
  attempt?: string;
  error?: string;
  retry?: string;
  deadline?: string;
  compaction?: string;
  /** Whether a turn starts or ends. Default: the chat goes to or from rest. */
  turn?: string;
  /** Further assignments to `chats`. */
  set?: string;
  /** Further common table expressions after the decision, and columns of the answer. */
  also?: { ctes?: string; columns?: string };
}

/** The columns of `l`, from the table or subquery called `c`. */
export const LOCKED = [
  'id owner_id parent_chat_id status archived queue open_calls action_deadline_at last_error worker_id runner_id version',
  'history_version queue_version answered_version generation_attempt retry compaction_requested_at',
  'last_model_config_id last_reasoning_effort last_turn_summary plan_mode mcp_server_ids updated_at',
]
  .flatMap((names) => names.split(' '))
  .map((name) => `c.${name}`)
  .join(', ');
const AT_REST = "in ('waiting', 'error')";
const WRITTEN_NAMES = WRITTEN_FIELDS.map((field) => field.split(' ')[0]);
const COPIED = WRITTEN_NAMES.filter((name) => name !== 'visibility' && name !== 'compressed');

/** What clients and models read as the result of a call that nobody finished, where no more is known of it. */
export const CANCELLED_RESULT = 'Cancelled: the tool call did not finish.';

/** The tool-result of the open call `call` that is an error. `result`: `jsonb`. */
export const failedCall = (result: string) => `jsonb_build_object(
      'type', 'tool-result', 'tool_call_id', call -> 'tool_call_id', 'tool_name', call -> 'tool_name',
      'result', ${result}, 'is_error', true)`;
const CANCELLED = failedCall(`'${CANCELLED_RESULT}'::text`);

/** One tool message with a result for each of the calls. */
const closingResults = ({ result }: TransitionParts) => `(
  select jsonb_build_object('role', 'tool', 'content',
    jsonb_agg(${result === undefined ? CANCELLED : `coalesce(${result}, ${CANCELLED})`} order by position))
  from jsonb_array_elements(calls) with ordinality as open (call, position))`;

/** Inserts the messages `w.written` of the chats `u`, in their order, with the version that wrote them. */
export const insertMessages = `m as (
  insert into chat_messages as m (chat_id, revision, visibility, compressed, ${COPIED.join(', ')})
  select u.id, u.version, coalesce(x.visibility, 'both'), coalesce(x.compressed, false), ${COPIED.map((field) => `x.${field}`).join(', ')}
  from u join w using (id)
    cross join lateral rows from (jsonb_to_recordset(w.written) as (${WRITTEN_FIELDS.join(', ')})) with ordinality
      as x (${WRITTEN_NAMES.join(', ')}, position)
  order by u.id, x.position
  returning ${messageColumns('m')}
)`;

export function transitionStatement(name: string, parts: TransitionParts): SqlStatement {
  const ctes = [
    parts.before,
    `l as (select ${LOCKED}${parts.columns === undefined ? '' : `, ${parts.columns}`} from ${parts.lock ?? 'chats c where c.id = $1 for no key update'})`,
    decide(parts),
    complete(parts),
    update(parts),
    insertMessages,
    parts.also?.ctes,
  ];
  return sql(
    name,
    `with ${ctes.filter((cte) => cte !== undefined).join(',\n')}
select l.id as from_id, l.owner_id as from_owner_id, l.status as from_status, l.archived as from_archived,
  jsonb_array_length(l.queue) as from_queue_length, l.version as from_version, l.open_calls as from_open_calls,
  (l.retry ->> 'attempt')::integer as from_retry_attempt,
  (select jsonb_agg(to_jsonb(m) order by m.id) from m where m.chat_id = l.id) as messages,
  ${parts.also?.columns === undefined ? '' : `${parts.also.columns},`}
  ${chatColumnNames('u')}
from l left join u on u.id = l.id`,
  );
}

/**
 * The transition for one chat or for many at once (`queryBatched`): what the parts call $1, $2, … are columns of a list there, and of `l`.
 * `types`: those of the parameters, in their order. `also` may not name them.
 */
export function batchedTransition(
  name: string,
  types: readonly string[],
  parts: TransitionParts,
): BatchedStatement {
  const { from, columns, jsonParameters } = parameterList(types);
  const listed = Object.fromEntries(
    Object.entries(parts).map(([part, text]) => [
      part,
      typeof text === 'string' ? text.replace(/\$(\d+)/g, 'l.p$1') : (text as unknown),
    ]),
  ) as unknown as TransitionParts;
  return {
    one: transitionStatement(name, {
      ...parts,
      lock: 'chats c where c.id = $1 for no key update skip locked',
    }),
    many: transitionStatement(`${name}_many`, {
      ...listed,
      columns: columns.map((column) => `p.${column}`).join(', '),
      // One look-up by key for each, however many the planner takes a list for.
      lock: `${from} cross join lateral (
        select ${LOCKED} from chats c where c.id = p.p1 for no key update skip locked) c`,
    }),
    waiting: transitionStatement(`${name}_waiting`, parts),
    jsonParameters,
    keyColumn: 'from_id',
  };
}

const decide = (parts: TransitionParts) => `n as (
  select l.id, l.last_model_config_id as model_config_id,
    ${parts.status ?? 'l.status'} as status,
    ${parts.archived ?? 'l.archived'} as archived,
    ${parts.queue ?? 'l.queue'} as queue,
    ${parts.given ?? "'[]'::jsonb"} as given,
    ${parts.calls ?? 'l.open_calls'} as calls,
    ${parts.cancels ?? 'false'} as cancels,
    ${parts.after ?? "'[]'::jsonb"} as after,
    ${parts.userMessage ?? 'null::jsonb'} as user_message,
    ${parts.attempt ?? 'l.generation_attempt'} as attempt
  from l where ${parts.when}
)`;

const complete = (parts: TransitionParts) => `w as (
  select n.*,
    case when is_closing then '[]' else calls end as open_calls,
    given
      || case when is_closing and calls <> '[]' then jsonb_build_array(${closingResults(parts)}) else '[]' end
      || after
      || case when user_message is null then '[]' else jsonb_build_array(user_message || jsonb_build_object('role', 'user',
        'model_config_id', coalesce(user_message ->> 'model_config_id', model_config_id::text))) end as written
  from n cross join lateral (select user_message is not null or status = 'waiting' or cancels as is_closing) closing
)`;

/** What is kept, unless a transition says otherwise, while neither the status nor the history nor the attempt changes. */
const KEEPS_STATE = "w.status = l.status and w.written = '[]'";
const KEPT = {
  error: "case when w.status = 'error' then l.last_error end",
  deadline: "case when w.status = 'requires_action' then l.action_deadline_at end",
  retry: `case when ${KEEPS_STATE} and w.attempt = l.generation_attempt then l.retry end`,
  compaction: `case when ${KEEPS_STATE} then l.compaction_requested_at end`,
};
const GOES_TO_OR_FROM_REST = `(l.status ${AT_REST}) <> (w.status ${AT_REST})`;

const update = (parts: TransitionParts) => `u as (
  update chats c set
    version = l.version + 1,
    status = w.status,
    archived = w.archived,
    queue = w.queue,
    queue_version = case when w.queue = l.queue then l.queue_version else l.version + 1 end,
    open_calls = w.open_calls,
    history_version = case when w.written = '[]' then l.history_version else l.version + 1 end,
    generation_attempt = case when w.written = '[]' then w.attempt else 0 end,
    answered_version = case when w.given @> '[{"role": "assistant"}]' then l.version + 1 else l.answered_version end,
    worker_id = ${parts.worker ?? 'l.worker_id'},
    runner_id = ${parts.runner ?? 'l.runner_id'},
    last_error = ${parts.error ?? KEPT.error},
    action_deadline_at = ${parts.deadline ?? KEPT.deadline},
    retry = ${parts.retry ?? KEPT.retry},
    compaction_requested_at = ${parts.compaction ?? KEPT.compaction},
    last_model_config_id = coalesce((w.user_message ->> 'model_config_id')::uuid, l.last_model_config_id),
    last_reasoning_effort = coalesce(w.user_message ->> 'reasoning_effort', l.last_reasoning_effort),
    updated_at = case when ${parts.turn ?? GOES_TO_OR_FROM_REST} then now() else l.updated_at end${parts.set ? `,\n    ${parts.set}` : ''}
  from l join w using (id)
  where c.id = l.id
  returning ${chatColumns('c')}
)`;
