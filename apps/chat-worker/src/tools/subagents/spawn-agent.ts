/**
 * `spawn_agent`: a child chat with a task of its own, running at once. It sees nothing of its parent's history; it has the parent's plan
 * mode and servers, and the prompts of a chat that works for another one.
 *
 * An exploring child may only read: it is held, for its whole life, to the read-only tools that its parent has now. The child's id
 * comes from the call, so that the call can be repeated: it finds the child that it made.
 */
import { systemRows } from '@parley/chat-settings';
import { createChat, readChat, type ChatHead, type CreateChatInput } from '@parley/chat-state';
import { plainText, REASONING_EFFORTS } from '@parley/contracts';
import { fallbackTitle } from '@parley/llm';
import { UsageLimitExceededError } from '@parley/spend';
import { z } from 'zod';
import { defineTool, ToolError, type LocalTool, type ToolCallContext } from '../local-tool';
import { chatIdOf } from './call-identity';
import type { SubagentModels } from './subagent-models';
import { isRoot, shown, type SubagentParts } from './subagent-parts';

const MAX_TITLE_LENGTH = 200;
const MAX_PROMPT_LENGTH = 128 * 1024;

const NO_COMPUTER_USE = 'agents of type "computer_use" are not available here';

const input = z.strictObject({
  type: z
    .enum(['general', 'explore'], {
      error: ({ input: type }) =>
        type === 'computer_use' ? NO_COMPUTER_USE : 'must be "general" or "explore"',
    })
    .describe('"general" works on the task with all tools; "explore" only reads and reports.'),
  prompt: plainText()
    .trim()
    .min(1, 'must not be blank')
    .max(MAX_PROMPT_LENGTH)
    .describe('The whole task: the agent knows nothing of this chat.'),
  title: plainText().trim().max(MAX_TITLE_LENGTH).optional().describe('A few words for the list of chats.'),
  model_config_id: z
    .string()
    .trim()
    .optional()
    .describe('One of list_subagent_models. Default: as configured.'),
  reasoning_effort: z.enum(REASONING_EFFORTS).optional().describe('Default: that of this chat.'),
});
type SpawnInput = z.output<typeof input>;

export function spawnAgent(parts: SubagentParts, models: SubagentModels): LocalTool {
  return defineTool({
    name: 'spawn_agent',
    description:
      'Start a subagent on a task that can be done beside yours. It runs in a chat of its own and this returns at once with its chat_id. Collect its answer with wait_agent.',
    input,
    annotations: { isIdempotent: true },
    isOfferedTo: isRoot,
    run: async (asked, context) => {
      const planned = await parts.persistence.write(
        () => childFor(parts, models, { asked, context }),
        context.signal,
      );
      const child = await spawn(parts, context, planned);
      return { ...shown(child), model_config_id: child.lastModelConfigId };
    },
  });
}

async function childFor(
  { chatSettings, toolsOf }: SubagentParts,
  models: SubagentModels,
  { asked, context: { turn, callKey } }: { asked: SpawnInput; context: ToolCallContext },
): Promise<CreateChatInput> {
  const { chat } = turn;
  const isExploring = asked.type === 'explore';
  const named = asked.model_config_id === '' ? undefined : asked.model_config_id;
  const modelConfigId = await models.choose(turn, asked.type, named);
  const inherited = modelConfigId === chat.lastModelConfigId ? chat.lastReasoningEffort : null;
  const reasoningEffort = asked.reasoning_effort ?? inherited;
  const { organizationId, ownerId } = chat;
  const isTitled = asked.title !== undefined && asked.title !== '';
  return {
    id: chatIdOf(callKey),
    organizationId,
    ownerId,
    parentChatId: chat.id,
    title: isTitled ? (asked.title ?? '') : fallbackTitle(asked.prompt),
    titleSource: isTitled ? 'manual' : 'fallback',
    modelConfigId,
    reasoningEffort,
    mode: isExploring ? 'explore' : null,
    planMode: isExploring ? null : chat.planMode,
    clientType: chat.clientType,
    mcpServerIds: chat.mcpServerIds,
    allowedTools: isExploring
      ? readOnlyNames(toolsOf({ ...chat, parentChatId: chat.id }))
      : chat.allowedTools,
    systemMessages: await systemRows(chatSettings, {
      organizationId,
      hasWorkspace: false,
      isDelegated: true,
    }),
    userMessage: {
      role: 'user',
      content: [{ type: 'text', text: asked.prompt }],
      createdBy: ownerId,
      modelConfigId,
      reasoningEffort,
    },
  };
}

/** The child, made now or by an earlier run of the same call. @throws ToolError; the driver's error */
async function spawn(
  parts: SubagentParts,
  { turn: { chat }, signal }: ToolCallContext,
  child: CreateChatInput,
): Promise<ChatHead> {
  const { limits, persistence, store } = parts;
  const turn = { userId: chat.ownerId, rootChatId: chat.id };
  const created = await persistence
    .write(() => limits.within(turn, () => createChat(store, child)), signal)
    .catch((error: unknown) => {
      if (error instanceof UsageLimitExceededError) return error;
      throw error;
    });
  if (!(created instanceof Error) && created.ok) return created.chat;
  const chatId = child.id ?? '';
  const earlier = await persistence.write(() => readChat(store.database, { chatId }), signal);
  if (earlier !== null) return earlier;
  throw new ToolError(
    created instanceof Error ? created.message : 'This chat is archived: it can have no subagents.',
  );
}

function readOnlyNames(tools: readonly LocalTool[]): string[] {
  return tools.filter((tool) => tool.annotations.isReadOnly).map((tool) => tool.definition.name);
}
