/**
 * The tools that this worker runs itself, and which of them a chat has. (Dynamic tools, which the client runs, are in the chat's row.)
 *
 * A chat that was held to some tools at its creation has at most those, whatever is added to the worker later.
 */
import type { ChatHead } from '@parley/chat-state';
import type { LocalTool } from './local-tool';

export class ToolRegistry {
  private readonly byName = new Map<string, LocalTool>();

  /** @throws when two tools have one name */
  constructor(private readonly tools: readonly LocalTool[]) {
    for (const tool of tools) {
      for (const name of [tool.definition.name, ...tool.aliases]) {
        if (this.byName.has(name)) throw new Error(`Two tools are called "${name}"`);
        this.byName.set(name, tool);
      }
    }
  }

  /** The tool that a call of this chat means, by its name or by an old one. */
  find(chat: ChatHead, name: string): LocalTool | undefined {
    const tool = this.byName.get(name);
    return tool !== undefined && isHad(tool, chat) ? tool : undefined;
  }

  /** A result of this tool that is no error ends the turn. */
  stopsTurn(chat: ChatHead, name: string): boolean {
    return this.find(chat, name)?.annotations.stopsTurn === true;
  }

  toolsOf(chat: ChatHead): LocalTool[] {
    return this.tools.filter((tool) => isHad(tool, chat));
  }
}

function isHad(tool: LocalTool, chat: ChatHead): boolean {
  const isAllowed = chat.allowedTools === null || chat.allowedTools.includes(tool.definition.name);
  return isAllowed && tool.isOfferedTo(chat);
}
