/** What the subagent tools stand on, and what they have in common: who is whose child, and how a child is shown to the model. */
import type { ChatSettings } from '@parley/chat-settings';
import { readChat, type ChatHead, type ChatStore } from '@parley/chat-state';
import type { Clock } from '@parley/contracts';
import type { UsageLimits } from '@parley/spend';
import { z } from 'zod';
import type { Persistence } from '../../persistence';
import { ToolError, type LocalTool, type ToolCallContext } from '../local-tool';

export interface SubagentParts {
  readonly store: ChatStore;
  readonly clock: Clock;
  readonly persistence: Persistence;
  readonly chatSettings: ChatSettings;
  readonly limits: Pick<UsageLimits, 'within'>;
  /** The tools that a chat has. */
  readonly toolsOf: (chat: ChatHead) => readonly LocalTool[];
  readonly logger: { warn(fields: object, message: string): void };
}

/** Depth is one: children have no subagents, and nothing to ask them. */
export function isRoot(chat: ChatHead): boolean {
  return chat.parentChatId === null;
}

/** The argument that names a child. */
export const chatIdArgument = z.uuid().describe('The chat_id that spawn_agent returned.');

/**
 * The child with this id. A chat of somebody else, or of another family, is told of like one that does not exist.
 * @throws ToolError; the driver's error
 */
export async function childOf(
  { persistence, store }: SubagentParts,
  { turn, signal }: ToolCallContext,
  chatId: string,
): Promise<ChatHead> {
  const child = await persistence.write(() => readChat(store.database, { chatId }), signal);
  if (child?.parentChatId !== turn.chat.id || child.ownerId !== turn.chat.ownerId) {
    throw new ToolError(`No subagent of this chat has the chat_id "${chatId}". list_agents shows them all.`);
  }
  return child;
}

export interface ShownChild {
  readonly chat_id: string;
  readonly title: string;
  readonly type: string;
  readonly status: string;
}

export function shown(child: ChatHead): ShownChild {
  return { chat_id: child.id, title: child.title, type: child.mode ?? 'general', status: child.status };
}
