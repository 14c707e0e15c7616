/**
 * The tools that this worker runs itself. (Dynamic tools, which the client runs, are in the chat's row.)
 *
 * A tool either returns a result or throws; both become a tool-result, so that no call is left without one.
 */
import type { ToolDefinition } from '@parley/llm';

export interface ToolCallContext {
  readonly chatId: string;
  readonly ownerId: string;
  readonly toolCallId: string;
  readonly signal: AbortSignal;
}

export interface LocalTool {
  readonly definition: ToolDefinition;
  /** A second run of the same call does no harm, so a takeover may repeat it. */
  readonly isIdempotent: boolean;
  /** `args` is whatever JSON the model wrote; the tool validates it. */
  run(args: unknown, context: ToolCallContext): Promise<unknown>;
}

export class ToolRegistry {
  private readonly tools: ReadonlyMap<string, LocalTool>;

  constructor(tools: readonly LocalTool[]) {
    this.tools = new Map(tools.map((tool) => [tool.definition.name, tool]));
  }

  find(name: string): LocalTool | undefined {
    return this.tools.get(name);
  }

  definitions(): ToolDefinition[] {
    return [...this.tools.values()].map((tool) => tool.definition);
  }
}
