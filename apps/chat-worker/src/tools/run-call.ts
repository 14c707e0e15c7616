/** One tool call of the model, run to its result. Never throws: a failure is a result that the model reads. */
import type { ToolCallPart, ToolResultPart } from '@parley/contracts';
import type { ToolCallContext, ToolRegistry } from './tool-registry';

export interface CallToRun {
  readonly call: ToolCallPart;
  /** An earlier runner may have started it. */
  readonly mayHaveRun: boolean;
}

/** Null when the signal stopped it. */
export async function runCall(
  registry: ToolRegistry,
  { call, mayHaveRun }: CallToRun,
  context: ToolCallContext,
): Promise<ToolResultPart | null> {
  const tool = registry.find(call.tool_name);
  if (tool === undefined) return failure(call, `There is no tool named "${call.tool_name}".`);
  if (mayHaveRun && !tool.isIdempotent) {
    return failure(
      call,
      'The outcome of this call is unknown: it may or may not have taken effect. Check before repeating it.',
    );
  }
  try {
    const result = await tool.run(call.args ?? {}, context);
    return resultOf(call, { result: result ?? {} });
  } catch (error) {
    if (context.signal.aborted) return null;
    return failure(call, error instanceof Error ? error.message : String(error));
  }
}

function failure(call: ToolCallPart, message: string): ToolResultPart {
  return resultOf(call, { result: { error: message }, is_error: true });
}

function resultOf(
  { tool_call_id, tool_name }: ToolCallPart,
  outcome: { result: unknown; is_error?: true },
): ToolResultPart {
  return { type: 'tool-result', tool_call_id, tool_name, ...outcome };
}
