/** The client ran its tools: the results must cover the open calls exactly, all in one go, and the model goes on. */
import type { MessagePart, OpenCall } from '@parley/contracts';
import { encodeJsonb } from '@parley/database';
import { applyTransition } from '../apply-transition';
import { encodeMessage } from '../rows/message-row';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Refused } from '../types';

export interface ActionResult {
  toolCallId: string;
  output: unknown;
  isError: boolean;
}

export interface CompleteActionInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  results: readonly ActionResult[];
}

/** `results_do_not_match` says which ids are missing, and which are unexpected (twice or not asked for). */
export type CompleteActionRefused = Refused & { missing?: string[]; unexpected?: string[] };

const COMPLETE_ACTION = transitionStatement('complete_action', {
  when: `l.owner_id = coalesce($2, l.owner_id) and l.status = 'requires_action'
    and l.open_calls @> $4::jsonb and jsonb_array_length(l.open_calls) = jsonb_array_length($4)
    and jsonb_array_length($4) = jsonb_array_length($3::jsonb -> 'content')`,
  status: "'running'",
  given: `jsonb_build_array(jsonb_set($3::jsonb, '{content}', (
      select jsonb_agg(result || jsonb_build_object('tool_name', call -> 'tool_name') order by position)
      from jsonb_array_elements(l.open_calls) with ordinality as open (call, position)
        join jsonb_array_elements($3::jsonb -> 'content') as result on result -> 'tool_call_id' = call -> 'tool_call_id')))`,
  calls: "'[]'::jsonb",
});

/** Takes the results of the open calls, exactly all of them. */
export async function completeAction(
  store: ChatStore,
  { chatId, ownerId, results }: CompleteActionInput,
): Promise<Done | CompleteActionRefused> {
  const ids = results.map((result) => result.toolCallId);
  const mismatch: { missing: string[]; unexpected: string[] } = { missing: [], unexpected: [] };
  const result = await applyTransition(store, {
    transition: 'complete_action',
    statement: COMPLETE_ACTION,
    values: [
      chatId,
      ownerId ?? null,
      encodeMessage({ role: 'tool', content: results.map(toResultPart) }),
      encodeJsonb([...new Set(ids)].map((id) => ({ tool_call_id: id }))),
    ],
    ownerId,
    otherwise: (row) => {
      Object.assign(mismatch, compare(row.from_open_calls, ids));
      return 'results_do_not_match';
    },
  });
  return result.ok || result.reason !== 'results_do_not_match' ? result : { ...result, ...mismatch };
}

/** An id given twice is unexpected the second time. */
function compare(calls: readonly OpenCall[], ids: readonly string[]) {
  const open = calls.map((call) => call.tool_call_id);
  return {
    missing: open.filter((id) => !ids.includes(id)),
    unexpected: ids.filter((id, index) => !open.includes(id) || ids.indexOf(id) !== index),
  };
}

/** The name of the tool is in the open call, so the statement adds it. */
function toResultPart(result: ActionResult): MessagePart {
  return {
    type: 'tool-result',
    tool_call_id: result.toolCallId,
    tool_name: '',
    result: result.output,
    ...(result.isError && { is_error: true }),
  };
}
