/**
 * Looks whether the history has to be summarised before the next step: how full the context is, against the stricter limit of the
 * chat's model and of the one that summarises. All settings come from memory on most turns.
 */
import type { TranscriptRow } from '@parley/chat-state';
import type { ChatSettings } from '@parley/chat-settings';
import { estimateTokens, ModelError, type ModelCatalog, type ResolvedModel } from '@parley/llm';
import { stepRequest, type StepRequestParts } from '../prompt/step-request';
import type { TaskOrder } from '../tasks';
import { isOverThreshold, lastStepTokens, usagePercent, type ContextUsage } from './context-usage';
import { decideCompaction } from './decide-compaction';
import { hasToSummarise, turnSoFar } from './turn-so-far';

export interface PlanParts extends StepRequestParts {
  readonly models: Pick<ModelCatalog, 'resolve'>;
  readonly chatSettings: Pick<ChatSettings, 'promptOverlay' | 'compactionThreshold' | 'modelOverride'>;
}

export interface History {
  readonly rows: readonly TranscriptRow[];
  /** The chat's. */
  readonly model: ResolvedModel;
}

export interface CompactionPlan {
  readonly source: 'automatic' | 'manual';
  readonly usage: ContextUsage;
  readonly summariser: Summariser;
}

/** The model that writes summaries: the one that the organization chose, else the chat's. */
export interface Summariser {
  readonly model: ResolvedModel;
  /** Why it is not the one that the organization chose. */
  readonly refusal?: ModelError;
}

/** Null: not now. @throws ModelError when the context stays over the threshold whatever is summarised; what the database throws */
export async function planCompaction(
  parts: PlanParts,
  { head, stop }: TaskOrder,
  { rows, model }: History,
): Promise<CompactionPlan | null> {
  const { compactions } = turnSoFar(rows);
  const view = { hasToSummarise: hasToSummarise(rows), compactions };
  // The settings are looked up also for a first turn, so that they are at hand for those that follow.
  const summariser = await summariserOf(parts, { head, model, stop });
  const ownThreshold = await parts.persistence.write(
    () =>
      parts.chatSettings.compactionThreshold({ ownerId: head.ownerId, modelConfigId: model.modelConfigId }),
    stop,
  );
  if (!view.hasToSummarise && compactions === 0) return null;
  const told = lastStepTokens(rows);
  const usage = {
    tokens: told ?? estimateTokens(await stepRequest(parts, { head, rows, model, stop })),
    isEstimated: told === undefined,
    limit: Math.min(model.contextLimit, summariser.model.contextLimit),
    threshold: ownThreshold ?? model.compressionThreshold,
  };
  const isRequested = head.compactionRequestedAt !== null;
  const decision = decideCompaction({ ...view, isRequested, isOver: isOverThreshold(usage) });
  if (decision === 'give_up') throw stillOver(usage, model);
  return decision === 'none' ? null : { source: decision, usage, summariser };
}

/** One that cannot be used does not stop the chat: its own model summarises, and the log says why. */
async function summariserOf(
  parts: PlanParts,
  { head, model, stop }: Pick<TaskOrder, 'head' | 'stop'> & Pick<History, 'model'>,
): Promise<Summariser> {
  const { organizationId } = head;
  const { persistence, chatSettings, models } = parts;
  const chosen = await persistence.write(
    () => chatSettings.modelOverride({ organizationId, purpose: 'compaction' }),
    stop,
  );
  if (chosen === undefined || chosen === model.modelConfigId) return { model };
  try {
    return { model: await persistence.write(() => models.resolve(chosen, head.ownerId), stop) };
  } catch (error) {
    if (error instanceof ModelError) return { model, refusal: error };
    throw error;
  }
}

function stillOver(usage: ContextUsage, { provider }: ResolvedModel): ModelError {
  return new ModelError({
    kind: 'config',
    retryable: false,
    provider,
    message:
      `The conversation fills ${usagePercent(usage)} % of the context though it was summarised, and may fill ` +
      `${usage.threshold} %: start a new chat, choose a model with a larger context, or raise the threshold.`,
  });
}
