/**
 * The system rows that a chat is born with, in their order: the deployment's prompt, the organization's, the chat's own, and what the
 * model should know about the workspace (`chat-api` section 7.5).
 *
 * They are stored with the chat and never change, so that the beginning of every prompt stays the same and a provider's cache
 * finds it. What may change later, or depends on the turn, is an overlay of each turn. Only the model sees these rows.
 */
import type { TextPart } from '@parley/contracts';
import { DEFAULT_SYSTEM_PROMPT, withoutOrchestration } from './default-system-prompt';
import type { ChatSettings, SystemPrompts } from './settings';

export interface BornChat {
  readonly organizationId: string;
  /** What the client asked for with the chat. */
  readonly chatPrompt?: string | undefined;
  readonly hasWorkspace: boolean;
  /** The chat of a subagent. */
  readonly isDelegated: boolean;
}

/** Ready to be stored. */
export interface SystemRow {
  readonly role: 'system';
  readonly content: readonly TextPart[];
  readonly visibility: 'model';
}

const AWARENESS = {
  attached:
    'A workspace is attached to this chat. Tools that read files, change them or run commands do so in that workspace.',
  detached:
    'No workspace is attached to this chat. When the task needs one and you have the tools for it, you may create or start one: list the templates first and choose from that list. When the task needs none, do without.',
  delegated:
    'No workspace is attached to this chat, and you are not to create or start one: others may be working for the same chat as you. When the task cannot be done without a workspace, report that to the agent that gave it to you.',
} as const;

/** The rows of a new chat. @throws what the database throws */
export async function systemRows(
  settings: Pick<ChatSettings, 'systemPrompts'>,
  chat: BornChat,
): Promise<SystemRow[]> {
  const prompts = await settings.systemPrompts({ organizationId: chat.organizationId });
  return systemTexts(prompts, chat).map((text) => ({
    role: 'system',
    content: [{ type: 'text', text }],
    visibility: 'model',
  }));
}

/** The texts of these rows; none is blank. */
export function systemTexts(prompts: SystemPrompts, chat: Omit<BornChat, 'organizationId'>): string[] {
  const { includesDefault, organization } = prompts;
  const whole = [...(includesDefault ? [DEFAULT_SYSTEM_PROMPT] : []), prompts.deployment]
    .filter(isNotBlank)
    .join('\n\n');
  const deployment = chat.isDelegated ? withoutOrchestration(whole) : whole;
  return [deployment, organization, chat.chatPrompt ?? '', awarenessOf(chat)].filter(isNotBlank);
}

function awarenessOf({ hasWorkspace, isDelegated }: Pick<BornChat, 'hasWorkspace' | 'isDelegated'>): string {
  if (hasWorkspace) return AWARENESS.attached;
  return isDelegated ? AWARENESS.delegated : AWARENESS.detached;
}

const isNotBlank = (text: string): boolean => text.trim() !== '';
