/**
 * What becomes of each open call, decided before any of them runs and before anything is written: it is answered as it stands, or
 * there is work that may be begun. So a call with bad arguments, of a tool that does not exist, or beside one that must be
 * alone, has certainly done nothing.
 */
import { UNKNOWN_OUTCOME, type ChatHead } from '@parley/chat-state';
import type { ToolCallPart, ToolResultPart } from '@parley/contracts';
import { isNativeError } from 'node:util/types';
import type { LocalTool, PreparedCall } from './local-tool';
import { exclusiveCallOf } from './offered-tools';
import type { ToolRegistry } from './tool-registry';

export interface RunnableCall {
  readonly call: ToolCallPart;
  readonly tool: LocalTool;
  readonly run: PreparedCall;
}

export type PlannedCall = RunnableCall | { readonly call: ToolCallPart; readonly result: ToolResultPart };

export function planCalls(
  calls: readonly ToolCallPart[],
  { registry, chat }: { registry: ToolRegistry; chat: ChatHead },
): PlannedCall[] {
  const exclusive = exclusiveCallOf(calls, registry, chat);
  return calls.map((call) => {
    if (exclusive !== undefined) return { call, result: failedResult(call, mustBeAlone(exclusive, call)) };
    const tool = registry.find(chat, call.tool_name);
    if (tool === undefined) {
      return { call, result: failedResult(call, `There is no tool named "${call.tool_name}".`) };
    }
    try {
      return { call, tool, run: tool.prepare(call.args ?? {}) };
    } catch (error) {
      return { call, result: failedResult(call, messageOf(error)) };
    }
  });
}

export function isRunnable(planned: PlannedCall): planned is RunnableCall {
  return 'run' in planned;
}

export function resultOf(
  { tool_call_id, tool_name }: ToolCallPart,
  outcome: { result: unknown; is_error?: true },
): ToolResultPart {
  return { type: 'tool-result', tool_call_id, tool_name, ...outcome };
}

export function failedResult(call: ToolCallPart, message: string): ToolResultPart {
  return resultOf(call, { result: { error: message }, is_error: true });
}

/** A call that somebody began to run, and whose end nobody saw. */
export function unknownOutcome(call: ToolCallPart): ToolResultPart {
  return failedResult(call, UNKNOWN_OUTCOME);
}

export function messageOf(error: unknown): string {
  return error instanceof Error || isNativeError(error) ? error.message : String(error);
}

function mustBeAlone(exclusive: ToolCallPart, call: ToolCallPart): string {
  const isIt = exclusive.tool_call_id === call.tool_call_id;
  return isIt
    ? `"${exclusive.tool_name}" must be the only call of an answer. Nothing was run: call it again by itself.`
    : `Nothing was run, because "${exclusive.tool_name}", which was called too, must be the only call of an answer. Repeat this call without it.`;
}
