/**
 * Runs the open local calls of the last answer side by side and commits all their results together: any change of the history
 * fences out whoever works on it, so there is one commit for all. Calls that are the client's stay open and are asked for then.
 *
 * When it is stopped, results that are there are kept for the interruption; the others are answered there.
 */
import { commitStep, enterAction, type NewMessage, type TranscriptRow } from '@parley/chat-state';
import type { OpenCall, ToolCallPart, ToolResultPart } from '@parley/contracts';
import type { Partial } from '../tasks';
import { fenceOf, outcomeOf, type TaskOrder, type TaskOutcome } from '../tasks';
import { publisherFor, type TurnParts } from '../turn';
import { runCall } from './run-call';

export type ToolParts = Pick<
  TurnParts,
  'store' | 'bus' | 'clock' | 'episodes' | 'logger' | 'tools' | 'transcripts' | 'persistence' | 'metrics'
>;

export async function runTools(parts: ToolParts, order: TaskOrder): Promise<TaskOutcome> {
  const { head, signal, stop, watch } = order;
  watch.enter('transcript');
  const rows = await parts.persistence.write(() => parts.transcripts.of(head), stop);
  if (rows === null) return { type: 'stale', partial: null };
  const localCalls = head.openCalls.filter((call) => !call.dynamic);
  const dynamicCalls = head.openCalls.filter((call) => call.dynamic);
  watch.enter('tools');
  const results = await runAll(parts, order, callParts(rows, localCalls));
  const answered = new Set(results.map((result) => result.tool_call_id));
  const partial: Partial = {
    historyVersion: head.historyVersion,
    messages: results.length === 0 ? [] : [messageOf(parts, order, results)],
    openCalls: head.openCalls.filter((call) => !answered.has(call.tool_call_id)),
  };
  if (signal.aborted) return { type: 'stopped', partial };
  watch.enter('commit');
  const input = { fence: fenceOf(head), messages: partial.messages, openCalls: dynamicCalls };
  const done = await parts.persistence.write(
    () => (dynamicCalls.length > 0 ? enterAction(parts.store, input) : commitStep(parts.store, input)),
    stop,
  );
  if (done.ok) parts.metrics.toolsRun(results.length);
  return outcomeOf(parts.transcripts.followed(head, done), partial);
}

/** The results that came before a stop, in the order of the calls. */
async function runAll(
  parts: ToolParts,
  { head, signal, mayHaveRun }: TaskOrder,
  calls: readonly ToolCallPart[],
): Promise<ToolResultPart[]> {
  const publisher = publisherFor(parts, { head });
  const run = async (call: ToolCallPart): Promise<ToolResultPart | null> => {
    const context = { chatId: head.id, ownerId: head.ownerId, toolCallId: call.tool_call_id, signal };
    const result = await runCall(parts.tools, { call, mayHaveRun }, context);
    if (result === null) return null;
    const finished = { ...result, created_at: new Date(parts.clock.now()).toISOString() };
    publisher.push({ role: 'tool', part: finished });
    return finished;
  };
  try {
    const results = await Promise.all(calls.map(run));
    return results.filter((result) => result !== null);
  } finally {
    await publisher.close();
  }
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
