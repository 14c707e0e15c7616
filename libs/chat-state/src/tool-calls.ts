/**
 * The journal of tool calls under way: what makes sure that a call which ran is never run again (docs/decisions/0005).
 *
 * A row is written before the call runs, and gets the result when it ends; whatever answers the calls, or drops them, deletes the
 * rows of the chat in the same statement, and what ends a turn with calls open (an interruption, a failure) reads them there. So after a
 * takeover a call with a result has it, one with a row but no result may have run, and one without a row has not.
 *
 * Both writes are fenced by runner and history. The row lock makes a takeover wait for a start under way: whoever comes after it sees
 * what was started. `attemptId` tells a start whose answer was lost, and which is sent again, from one of somebody else.
 */
import type { ToolResultPart } from '@parley/contracts';
import { encodeJsonb, sql, type Queryable } from '@parley/database';
import { failedCall } from './transition-statement';
import { fenceValues } from './transitions/fence';
import type { Fence } from './types';

export interface StartCallsInput {
  fence: Fence;
  /** Fresh for each time that somebody begins to run the calls of an answer. */
  attemptId: string;
  toolCallIds: readonly string[];
}

/** `started`: this attempt may run it. `finished`: it has run. `unknown`: somebody began to run it, and its end is not known. */
export type JournalledCall =
  | { readonly state: 'started' }
  | { readonly state: 'finished'; readonly result: ToolResultPart }
  | { readonly state: 'unknown' };

/** Deletes the journal of the chats `u`, in the statement of a transition after which no call of theirs is under way. */
export const FORGET_CALLS = `forgotten_calls as (
  delete from chat_tool_calls j using u where j.chat_id = u.id
)`;

/** What clients and models read as the result of a call that somebody began to run, and whose end nobody saw. */
export const UNKNOWN_OUTCOME =
  'The outcome of this call is unknown: it may or may not have taken effect. Check before repeating it.';

/** The same of one that nobody began to run. */
export const NOT_RUN_RESULT = 'Cancelled: the tool call was not run.';

/** What the journal row `j` says of `call`, as a tool-result: that it ended with it, or that its end is not known. */
export const JOURNALLED_RESULT = `coalesce(j.result, ${failedCall(`jsonb_build_object('error', '${UNKNOWN_OUTCOME}'::text)`)})`;

const FENCED = `fenced as (
  select c.id, c.history_version from chats c
  where c.id = $1 and c.runner_id = $2::uuid and c.history_version = $3::bigint and c.status = 'running' for no key update
)`;

const START_CALLS = sql(
  'start_tool_calls',
  `with ${FENCED},
asked as (
  select call #>> '{}' as tool_call_id, position from jsonb_array_elements($5::jsonb) with ordinality as a (call, position)
),
started as (
  insert into chat_tool_calls (chat_id, history_version, tool_call_id, attempt_id)
  select fenced.id, fenced.history_version, asked.tool_call_id, $4::uuid from fenced cross join asked
  on conflict do nothing
  returning tool_call_id
)
select asked.position::integer as position, j.result,
  (started.tool_call_id is not null or j.attempt_id = $4::uuid) is true as is_ours
from fenced cross join asked
  left join started using (tool_call_id)
  left join chat_tool_calls j on j.chat_id = fenced.id and j.history_version = fenced.history_version
    and j.tool_call_id = asked.tool_call_id`,
);

interface StartedRow {
  position: number;
  result: ToolResultPart | null;
  is_ours: boolean;
}

/**
 * Writes down that these calls are about to run, and says of each what is known, in their order. Null: stale, nothing was written.
 * @throws the driver's error
 */
export async function startCalls(
  database: Queryable,
  { fence, attemptId, toolCallIds }: StartCallsInput,
): Promise<JournalledCall[] | null> {
  const rows = await database.query<StartedRow>(START_CALLS, [
    ...fenceValues(fence),
    attemptId,
    encodeJsonb(toolCallIds),
  ]);
  if (rows.length === 0) return null;
  const byPosition = new Map(rows.map((row) => [row.position, row]));
  return toolCallIds.map((_id, index) => stateOf(byPosition.get(index + 1)));
}

function stateOf(row: StartedRow | undefined): JournalledCall {
  if (row === undefined) return { state: 'unknown' };
  if (row.result !== null) return { state: 'finished', result: row.result };
  return { state: row.is_ours ? 'started' : 'unknown' };
}

export interface FinishCallsInput {
  fence: Fence;
  attemptId: string;
  results: readonly ToolResultPart[];
}

const FINISH_CALLS = sql(
  'finish_tool_calls',
  `with ${FENCED}
update chat_tool_calls j set result = ended.result
from fenced cross join jsonb_array_elements($5::jsonb) as ended (result)
where j.chat_id = fenced.id and j.history_version = fenced.history_version and j.attempt_id = $4::uuid
  and j.tool_call_id = ended.result ->> 'tool_call_id'`,
);

/** Keeps the results of calls that this attempt started, until they are committed. Writes nothing when it is stale. @throws the driver's error */
export async function finishCalls(
  database: Queryable,
  { fence, attemptId, results }: FinishCallsInput,
): Promise<void> {
  await database.query(FINISH_CALLS, [...fenceValues(fence), attemptId, encodeJsonb(results)]);
}
