/**
 * What a provider itself executed (a web search), as it may go back to that provider: calls with their results, in the order in which
 * they came. A call or result alone cannot be forged and is left out, as is one that comes twice or before its call.
 */
import type { MessagePart, ToolCallPart } from '@parley/contracts';
import type { PromptProviderCall, PromptProviderResult } from '../model-client';
import { callArgs, metadataOf } from './message-parts';

/** By their places in the message. */
export type ProviderParts = ReadonlyMap<number, PromptProviderCall | PromptProviderResult>;

/** @param usedIds of the messages before; those of this one are added */
export function providerParts(content: readonly MessagePart[], usedIds: Set<string>): ProviderParts {
  const open = new Map<string, { readonly call: ToolCallPart; readonly at: number }>();
  const parts = new Map<number, PromptProviderCall | PromptProviderResult>();
  for (const [at, part] of content.entries()) {
    if ((part.type !== 'tool-call' && part.type !== 'tool-result') || part.provider_executed !== true)
      continue;
    const { tool_call_id: toolCallId, tool_name: toolName } = part;
    if (part.type === 'tool-call') {
      if (!usedIds.has(toolCallId)) open.set(toolCallId, { call: part, at });
      continue;
    }
    const asked = open.get(toolCallId);
    if (asked === undefined) continue;
    const { call } = asked;
    open.delete(toolCallId);
    usedIds.add(toolCallId);
    parts.set(asked.at, {
      type: 'provider-call',
      toolCallId,
      toolName: call.tool_name,
      args: callArgs(call),
      ...metadataOf(call),
    });
    parts.set(at, { type: 'provider-result', toolCallId, toolName, ...metadataOf(part) });
  }
  return parts;
}
