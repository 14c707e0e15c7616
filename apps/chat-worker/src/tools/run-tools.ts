/**
 * Runs the open local calls of the last answer side by side and commits all their results together: any change of the history
 * fences out whoever works on it, so there is one commit for all. Calls that are the client's stay open and are asked for then.
 *
 * When it is stopped, results that are there are kept for the interruption; the others are answered there.
 */
import { commitStep, enterAction, type NewMessage, type TranscriptRow } from '@parley/chat-state';
import type { OpenCall, ToolCallPart, ToolResultPart } from '@parley/contracts';
import { FailedStep } from '../errors';
import type { Partial } from '../tasks';
import { fenceOf, outcomeOf, type TaskOrder, type TaskOutcome } from '../tasks';
import { CallBatch, type BatchParts } from './call-batch';
import type { TurnContexts } from './turn-context';

export interface ToolParts extends BatchParts {
  readonly turnContexts: TurnContexts;
}

export async function runTools(parts: ToolParts, order: TaskOrder): Promise<TaskOutcome> {
  const { head, signal, stop, watch } = order;
  watch.enter('transcript');
  const rows = await parts.persistence.write(() => parts.transcripts.of(head), stop);
  if (rows === null) return { type: 'stale', partial: null };
  const localCalls = head.openCalls.filter((call) => !call.dynamic);
  const dynamicCalls = head.openCalls.filter((call) => call.dynamic);
  watch.enter('tools');
  const batch = new CallBatch(parts, order, parts.turnContexts.of(head, rows));
  const results = await batch.run(callParts(rows, localCalls));
  if (results === null) return { type: 'stale', partial: null };
  const answered = new Set(results.map((result) => result.tool_call_id));
  const partial: Partial = {
    historyVersion: head.historyVersion,
    messages: results.length === 0 ? [] : [messageOf(parts, order, results)],
    openCalls: head.openCalls.filter((call) => !answered.has(call.tool_call_id)),
  };
  if (signal.aborted) return { type: 'stopped', partial };
  watch.enter('commit');
  const input = { fence: fenceOf(head), messages: partial.messages, openCalls: dynamicCalls };
  const write = parts.persistence.write(
    () => (dynamicCalls.length > 0 ? enterAction(parts.store, input) : commitStep(parts.store, input)),
    stop,
  );
  const done = await write.catch((error: unknown) => {
    // Kept when an interrupt that was not heard yet came first.
    throw new FailedStep(error, partial);
  });
  return outcomeOf(parts.transcripts.followed(head, done), partial);
}

/** The calls with the arguments that the model wrote. One that the history does not hold has none. */
function callParts(rows: readonly TranscriptRow[], calls: readonly OpenCall[]): ToolCallPart[] {
  const answer = rows.findLast((row) => row.role === 'assistant');
  return calls.map(({ tool_call_id, tool_name }) => {
    const written = answer?.content.find(
      (part): part is ToolCallPart => part.type === 'tool-call' && part.tool_call_id === tool_call_id,
    );
    return written ?? { type: 'tool-call', tool_call_id, tool_name };
  });
}

function messageOf(parts: ToolParts, order: TaskOrder, results: ToolResultPart[]): NewMessage {
  return {
    role: 'tool',
    content: results,
    runtimeMs: Math.max(0, Math.round(parts.clock.now() - order.startedAt)),
  };
}
