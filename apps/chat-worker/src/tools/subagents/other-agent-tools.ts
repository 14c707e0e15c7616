/** The small tools about subagents: `interrupt_agent`, `list_agents` and `list_subagent_models`. */
import { interrupt, readChildren } from '@parley/chat-state';
import { z } from 'zod';
import { defineTool, type LocalTool } from '../local-tool';
import type { SubagentModels } from './subagent-models';
import { chatIdArgument, childOf, isRoot, shown, type SubagentParts } from './subagent-parts';

const DEFAULT_LISTED = 10;
const MAX_LISTED = 50;

export function interruptAgent(parts: SubagentParts): LocalTool {
  return defineTool({
    name: 'interrupt_agent',
    aliases: ['close_agent'],
    description:
      'Stop what a subagent does now. What it has written so far is kept; messages that wait for it run next. It can be given more work with message_agent.',
    input: z.strictObject({ chat_id: chatIdArgument }),
    annotations: { isIdempotent: true },
    isOfferedTo: isRoot,
    run: async ({ chat_id: chatId }, context) => {
      const { persistence, store } = parts;
      const child = await childOf(parts, context, chatId);
      const done = await persistence.write(
        () => interrupt(store, { chatId, ownerId: child.ownerId }),
        context.signal,
      );
      const after = done.ok ? done.chat : await childOf(parts, context, chatId);
      return { ...shown(after), interrupted: done.ok };
    },
  });
}

export function listAgents(parts: SubagentParts): LocalTool {
  return defineTool({
    name: 'list_agents',
    description:
      'List the subagents of this chat, the latest active first. Status: running = at work, interrupting = about to stop, waiting = at rest, error = failed.',
    input: z.strictObject({
      limit: z.int().optional().describe(`Default ${DEFAULT_LISTED}, at most ${MAX_LISTED}.`),
      offset: z.int().optional().describe('How many to leave out.'),
    }),
    annotations: { isReadOnly: true },
    isOfferedTo: isRoot,
    run: async ({ limit: wished = DEFAULT_LISTED, offset: from = 0 }, { turn, signal }) => {
      const limit = Math.min(Math.max(wished, 1), MAX_LISTED);
      const offset = Math.max(from, 0);
      const { persistence, store } = parts;
      const { children, total } = await persistence.write(
        () => readChildren(store.database, { rootChatId: turn.chat.id, limit, offset }),
        signal,
      );
      const agents = children.map((child) => ({
        ...shown(child),
        created_at: child.createdAt.toISOString(),
        updated_at: child.updatedAt.toISOString(),
      }));
      return { agents, total, offset, has_more: offset + agents.length < total };
    },
  });
}

export function listSubagentModels(parts: SubagentParts, models: SubagentModels): LocalTool {
  return defineTool({
    name: 'list_subagent_models',
    description:
      'List the models that spawn_agent takes as model_config_id, with the reasoning_efforts that each accepts.',
    input: z.strictObject({}),
    annotations: { isReadOnly: true },
    isOfferedTo: isRoot,
    run: async (_nothing, { turn, signal }) => ({
      models: await parts.persistence.write(() => models.usableIn(turn), signal),
    }),
  });
}
