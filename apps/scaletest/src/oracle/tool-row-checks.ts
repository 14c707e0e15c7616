/** The rows of a turn's tool steps: the very calls that the model made, and of the harness's own tool the very results that it gave. */
import { callsOf, LOOKUP_TOOL } from '../answer-shape';
import { digestOfCall, digestOfResult } from './digest';
import type { Finding } from './finding';
import type { ObservedTurn, SeenMessage } from './observation';

type ChatFinding = Omit<Finding, 'chatId'>;

/** @param rows those after the turn's own message */
export function checkToolRows({ order }: ObservedTurn, rows: readonly SeenMessage[]): ChatFinding[] {
  const { key } = order;
  const answers = rows.filter(({ role, isCompaction }) => role === 'assistant' && !isCompaction);
  const results = resultsIn(rows);
  return callsOf(order).flatMap((calls, step): ChatFinding[] => {
    const row = answers[step];
    if (row === undefined) return [];
    const made = calls.map(({ name, arguments: args }) => ({ name, args: parsed(args) }));
    if (row.callDigests.join() !== made.map(({ name, args }) => digestOfCall(name, args)).join()) {
      const detail = `message ${row.id} holds other calls than the model made in step ${step}`;
      return [{ kind: 'tool_call_differs', key, detail }];
    }
    return row.callIds.flatMap((id, at): ChatFinding[] => {
      const call = made[at];
      if (call?.name !== LOOKUP_TOOL.name) return [];
      const expected = digestOfResult(call.name, call.args);
      if ((results.get(id) ?? []).every((digest) => digest === expected)) return [];
      return [
        { kind: 'tool_result_differs', key, detail: `call ${id} has another result than it was given` },
      ];
    });
  });
}

/** By their calls. */
function resultsIn(rows: readonly SeenMessage[]): Map<string, number[]> {
  const results = new Map<string, number[]>();
  for (const { resultIds, resultDigests } of rows)
    resultIds.forEach((id, at) => {
      const digest = resultDigests[at];
      if (digest !== undefined) results.set(id, [...(results.get(id) ?? []), digest]);
    });
  return results;
}

const parsed = (args: Record<string, unknown> | string): unknown =>
  typeof args === 'string' ? (JSON.parse(args) as unknown) : args;
