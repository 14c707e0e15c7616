/**
 * The turn failed for good. Queue and open calls are kept: the next message answers the calls and goes on.
 *
 * Calls that are in the journal are not left open: what is known of them enters the history here, as nobody could know it any more
 * when the next message comes. The journal may be read for the reason that finish-interruption.ts gives.
 */
import type { ChatError } from '@parley/contracts';
import { encodeJsonb } from '@parley/database';
import { applyFenced } from '../apply-transition';
import { FORGET_CALLS, JOURNALLED_RESULT } from '../tool-calls';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Fence, Stale } from '../types';
import { fenceValues, IS_FENCED } from './fence';

export interface FailInput {
  fence: Fence;
  error: ChatError;
  /** Viewers drop what they saw of the step: it is another attempt from here. Default: they keep it beside the error. */
  dropsPreview?: boolean;
}

const JOURNALLED = `jsonb_array_elements(l.open_calls) with ordinality as open (call, position)
      left join chat_tool_calls j on j.chat_id = l.id and j.history_version = l.history_version
        and j.tool_call_id = call ->> 'tool_call_id'`;

const FAIL = transitionStatement('fail', {
  when: `${IS_FENCED} and l.status = 'running'`,
  status: "'error'",
  given: `(select case when count(*) = 0 then '[]' else jsonb_build_array(jsonb_build_object('role', 'tool', 'content',
      jsonb_agg(${JOURNALLED_RESULT} order by position))) end from ${JOURNALLED} where j.chat_id is not null)`,
  calls: `(select coalesce(jsonb_agg(call order by position), '[]') from ${JOURNALLED} where j.chat_id is null)`,
  attempt: 'case when $5 then l.generation_attempt + 1 else l.generation_attempt end',
  error: '$4::jsonb',
  also: { ctes: FORGET_CALLS },
});

/** Ends the turn in error; the queue is kept, and so are open calls that are not in the journal. */
export function fail(
  store: ChatStore,
  { fence, error, dropsPreview = false }: FailInput,
): Promise<Done | Stale> {
  return applyFenced(store, {
    statement: FAIL,
    values: [...fenceValues(fence), encodeJsonb(error), dropsPreview],
  });
}
