/** The tools that a step offers to the model, and the calls of its answer that wait for a result. */
import type { DynamicTool, MessagePart, OpenCall } from '@parley/contracts';
import type { ToolDefinition } from '@parley/llm';
import type { ToolRegistry } from './tool-registry';

/** Local tools first; a dynamic tool never hides one of them. */
export function offeredTools(registry: ToolRegistry, dynamicTools: readonly DynamicTool[]): ToolDefinition[] {
  const local = registry.definitions();
  const dynamic = dynamicTools.filter((tool) => registry.find(tool.name) === undefined);
  return [
    ...local,
    ...dynamic.map((tool) => ({
      name: tool.name,
      description: tool.description,
      inputSchema: tool.input_schema,
    })),
  ];
}

/** Calls without a result, in order. One of a tool that nobody offered is local: it is answered with an error. */
export function openCallsOf(
  content: readonly MessagePart[],
  registry: ToolRegistry,
  dynamicTools: readonly DynamicTool[],
): OpenCall[] {
  const answered = new Set(
    content.flatMap((part) => (part.type === 'tool-result' ? [part.tool_call_id] : [])),
  );
  const names = dynamicTools.map((tool) => tool.name).filter((name) => registry.find(name) === undefined);
  const dynamicNames = new Set(names);
  return content.flatMap((part) => {
    if (part.type !== 'tool-call' || part.provider_executed === true || answered.has(part.tool_call_id))
      return [];
    const { tool_call_id, tool_name } = part;
    return [{ tool_call_id, tool_name, dynamic: dynamicNames.has(tool_name) }];
  });
}
