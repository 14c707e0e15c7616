/**
 * What a turn adds to the prompt behind the stored system rows (`chat-api` section 7.5): what a subagent should know of its place,
 * what the owner always wants said, and the rules of plan mode. Read from memory for every request and stored nowhere, so that
 * a changed setting holds for old chats at once.
 */
import type { ChatHead } from '@parley/chat-state';
import type { ChatSettings } from '@parley/chat-settings';

const SUBAGENT =
  'You are a subagent: another agent gave you the task of the first message, and reads only your last answer. Work on that task alone, without asking back, and end with a report that stands on its own: what you found or did, what you could not do, and what the other agent has to know.';

const PLAN_MODE =
  'Plan mode is on. Look and think, but change nothing: no files, no commands with effects, nothing outside this chat. Where the user has to decide something, ask. End with a plan of the steps that you would take, for the user to agree to.';

type Settings = Pick<ChatSettings, 'promptOverlay'>;

/** The texts, in their order; none is blank. @throws what the database throws */
export async function promptOverlayOf(
  settings: Settings,
  head: Pick<ChatHead, 'ownerId' | 'parentChatId' | 'planMode'>,
): Promise<string[]> {
  const { userPrompt, planModeInstructions } = await settings.promptOverlay(head.ownerId);
  const isPlanning = head.planMode === 'plan';
  return [
    ...(head.parentChatId === null ? [] : [SUBAGENT]),
    ...(isBlank(userPrompt) ? [] : [`<user-instructions>\n${userPrompt}\n</user-instructions>`]),
    ...(isPlanning ? [PLAN_MODE] : []),
    ...(isPlanning && !isBlank(planModeInstructions) ? [planModeInstructions] : []),
  ];
}

const isBlank = (text: string): boolean => text.trim() === '';
