/**
 * Pairs tool calls with their results, because every provider refuses a history in which one lacks the other.
 *
 * One walk in the order of storage: a result answers the open call of its id. A call left open gets a made-up error result; a result that no
 * call asked for gets a made-up call, so that what it says is kept; a second result of one call is dropped. What the provider executed
 * itself cannot be made up and is not replayed at all. Results go directly behind the message that made the calls, real ones first.
 */
import type { ToolCallPart, ToolResultPart } from '@parley/contracts';
import type { PromptMessage, PromptToolCall, PromptToolResult } from '../model-client';
import { callArgs, metadataOf } from './message-parts';
import { ToolCallIds, toolNameForPrompt } from './tool-names';
import { MISSING_RESULT, resultContent } from './tool-results';

interface OpenCall {
  readonly call: PromptToolCall;
  readonly step: StepResults;
}

/** The results of one assistant message, filled while the walk goes on. */
class StepResults {
  readonly results: PromptToolResult[] = [];
  readonly unanswered = new Set<PromptToolCall>();

  message(): PromptMessage | undefined {
    const missing = [...this.unanswered].map((call) => toResult(call, MISSING_RESULT));
    const results = [...this.results, ...missing];
    return results.length === 0 ? undefined : { role: 'tool', results };
  }
}

export class ToolPairing {
  private readonly ids = new ToolCallIds();
  private readonly open = new Map<string, OpenCall>();
  private readonly answered = new Set<string>();
  private step: StepResults | undefined;

  constructor(private readonly maxResultBytes: number) {}

  /** Begins the next assistant message; the returned function gives its tool message once the walk is over. */
  beginStep(): () => PromptMessage | undefined {
    const step = new StepResults();
    this.step = step;
    return () => step.message();
  }

  /** Undefined for calls that are not replayed. */
  addCall(part: ToolCallPart): PromptToolCall | undefined {
    const { step } = this;
    if (part.provider_executed === true || step === undefined) return undefined;
    const call: PromptToolCall = {
      type: 'tool-call',
      toolCallId: this.ids.assign(part.tool_call_id),
      toolName: toolNameForPrompt(part.tool_name),
      args: callArgs(part),
      ...metadataOf(part),
    };
    step.unanswered.add(call);
    this.open.set(part.tool_call_id, { call, step });
    this.answered.delete(part.tool_call_id);
    return call;
  }

  /** The made-up call when nobody asked for this result; undefined when the result found its call or is dropped. */
  addResult(part: ToolResultPart): { call: PromptToolCall; result: PromptToolResult } | undefined {
    if (part.provider_executed === true) return undefined;
    const found = this.open.get(part.tool_call_id);
    if (found !== undefined) {
      this.open.delete(part.tool_call_id);
      this.answered.add(part.tool_call_id);
      found.step.unanswered.delete(found.call);
      found.step.results.push(toResult(found.call, resultContent(part, this.maxResultBytes)));
      return undefined;
    }
    if (this.answered.has(part.tool_call_id)) return undefined;
    this.answered.add(part.tool_call_id);
    const call: PromptToolCall = {
      type: 'tool-call',
      toolCallId: this.ids.assign(part.tool_call_id),
      toolName: toolNameForPrompt(part.tool_name),
      args: {},
    };
    return { call, result: toResult(call, resultContent(part, this.maxResultBytes)) };
  }
}

function toResult(
  { toolCallId, toolName }: PromptToolCall,
  content: Omit<PromptToolResult, 'toolCallId' | 'toolName'>,
): PromptToolResult {
  return { toolCallId, toolName, ...content };
}
