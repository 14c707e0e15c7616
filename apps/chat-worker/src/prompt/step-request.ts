/** What a step sends to the model, whatever it is then asked: the history, the texts of this turn, the tools, the settings. */
import type { ChatHead } from '@parley/chat-state';
import type { ChatSettings } from '@parley/chat-settings';
import {
  buildPrompt,
  settingsFor,
  withoutProviderTools,
  type ModelRequest,
  type PromptRow,
  type ResolvedModel,
} from '@parley/llm';
import type { Persistence } from '../persistence';
import { offeredTools } from '../tools/offered-tools';
import type { ToolRegistry } from '../tools/tool-registry';
import { promptOverlayOf } from './overlay';

export interface StepRequestParts {
  readonly chatSettings: Pick<ChatSettings, 'promptOverlay'>;
  readonly tools: ToolRegistry;
  readonly persistence: Persistence;
}

export interface Asked {
  readonly head: ChatHead;
  readonly rows: readonly PromptRow[];
  readonly model: ResolvedModel;
  readonly stop: AbortSignal;
}

/** @throws what the database throws, when the settings are read anew */
export async function stepRequest(
  parts: StepRequestParts,
  { head, rows, model, stop }: Asked,
): Promise<ModelRequest> {
  const overlay = await parts.persistence.write(() => promptOverlayOf(parts.chatSettings, head), stop);
  const settings = settingsFor(model.callConfig, head.lastReasoningEffort ?? undefined);
  return {
    messages: buildPrompt(rows, { contextLimit: model.contextLimit, overlay }),
    tools: offeredTools(parts.tools, head),
    settings: head.planMode === 'plan' ? withoutProviderTools(settings) : settings,
    metadata: { chatId: head.id },
  };
}
