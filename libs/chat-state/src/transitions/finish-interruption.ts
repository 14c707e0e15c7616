/**
 * The end of an interrupted turn: what the user saw of the answer is committed, and calls left open get results that are true of them,
 * also when the runner that began them is gone: the journal's, or that they were not run.
 *
 * The journal may be read although the statement can wait for the lock (see transition-statement.ts): it is written for a chat that runs, by
 * its runner, and this runner had the chat after the last of those writes.
 */
import type { ChatMessage, OpenCall } from '@parley/contracts';
import { encodeJsonb } from '@parley/database';
import { applyFenced } from '../apply-transition';
import { encodeMessages } from '../rows/message-row';
import { FORGET_CALLS, JOURNALLED_RESULT, NOT_RUN_RESULT } from '../tool-calls';
import { failedCall, transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Fence, NewMessage, Stale } from '../types';
import { fenceValues, IS_FENCED } from './fence';
import { NEXT_TURN, promotedMessage } from './finish-turn';

export interface FinishInterruptionInput {
  fence: Fence;
  /** The partial answer, or the results that were there in time. May be empty. */
  messages: readonly NewMessage[];
  /** The tool calls that have no result after these messages. Default: the open calls of the row. */
  openCalls?: readonly OpenCall[];
  /** Calls that are in the journal from before they begin: without a row there they have not run. Default: nothing is known of them. */
  journalledCallIds?: readonly string[];
}

const FINISH_INTERRUPTION = transitionStatement('finish_interruption', {
  when: `${IS_FENCED} and l.status = 'interrupting'`,
  given: '$4::jsonb',
  calls: 'coalesce($5::jsonb, l.open_calls)',
  result: `coalesce(
      (select ${JOURNALLED_RESULT} from chat_tool_calls j join l on l.id = j.chat_id and l.history_version = j.history_version
      where j.chat_id = n.id and j.tool_call_id = call ->> 'tool_call_id'),
      case when $6::jsonb ? (call ->> 'tool_call_id') then ${failedCall(`'${NOT_RUN_RESULT}'::text`)} end)`,
  ...NEXT_TURN,
  // Where nothing is kept the history stays as it was: viewers drop what they saw of it by the attempt.
  attempt: 'l.generation_attempt + 1',
  // So that a notification that was lost with its worker is not made up for: nobody is told of what they stopped themselves.
  set: 'interrupted_version = l.version + 1',
  also: { ctes: FORGET_CALLS },
});

/** Commits the partial answer of an interrupted turn and ends it; the head of the queue starts the next one. */
export async function finishInterruption(
  store: ChatStore,
  { fence, messages, openCalls, journalledCallIds = [] }: FinishInterruptionInput,
): Promise<Done<{ promoted?: ChatMessage }> | Stale> {
  const result = await applyFenced(store, {
    statement: FINISH_INTERRUPTION,
    values: [
      ...fenceValues(fence),
      encodeMessages(messages),
      openCalls ? encodeJsonb(openCalls) : null,
      encodeJsonb(journalledCallIds),
    ],
  });
  return result.ok ? { ...result, ...promotedMessage(result) } : result;
}
