/** The tools that a step offers to the model, and the calls of its answer that wait for a result. */
import type { ChatHead } from '@parley/chat-state';
import { type MessagePart, type OpenCall, TOOL_NAME } from '@parley/contracts';
import type { ToolDefinition } from '@parley/llm';
import type { ToolRegistry } from './tool-registry';

/** Local tools first; a dynamic tool never hides one of them. Chats of before may have tools under names that no provider takes. */
export function offeredTools(registry: ToolRegistry, chat: ChatHead): ToolDefinition[] {
  const local = registry.toolsOf(chat).map((tool) => tool.definition);
  const dynamic = chat.dynamicTools.filter(
    ({ name }) => TOOL_NAME.test(name) && registry.find(chat, name) === undefined,
  );
  return [
    ...local,
    ...dynamic.map((tool) => ({
      name: tool.name,
      description: tool.description,
      inputSchema: tool.input_schema,
    })),
  ];
}

/**
 * Calls without a result, in order. One of a tool that nobody offered is local: it is answered with an error. So are the client's
 * calls beside one that must be alone: none of them will run, and the client is not asked for work that is thrown away.
 */
export function openCallsOf(
  content: readonly MessagePart[],
  registry: ToolRegistry,
  chat: ChatHead,
): OpenCall[] {
  const answered = new Set(
    content.flatMap((part) => (part.type === 'tool-result' ? [part.tool_call_id] : [])),
  );
  const dynamicNames = new Set(
    chat.dynamicTools.map((tool) => tool.name).filter((name) => registry.find(chat, name) === undefined),
  );
  const calls = content.flatMap((part) => {
    if (part.type !== 'tool-call' || part.provider_executed === true || answered.has(part.tool_call_id))
      return [];
    const { tool_call_id, tool_name } = part;
    return [{ tool_call_id, tool_name, dynamic: dynamicNames.has(tool_name) }];
  });
  if (exclusiveCallOf(calls, registry, chat) === undefined) return calls;
  return calls.map((call) => ({ ...call, dynamic: false }));
}

/** The first of several calls that would have to be alone. */
export function exclusiveCallOf<Call extends Pick<OpenCall, 'tool_name'>>(
  calls: readonly Call[],
  registry: ToolRegistry,
  chat: ChatHead,
): Call | undefined {
  if (calls.length < 2) return undefined;
  return calls.find(({ tool_name }) => registry.find(chat, tool_name)?.annotations.isExclusive === true);
}
