/** Whether the history is summarised before the model is asked again. Pure; the order of `chat-api` section 7.1. */

/** In one turn, without being asked to. More would be a model that fills its context faster than it can be emptied. */
export const MAX_COMPACTIONS_PER_TURN = 3;

export interface CompactionView {
  /** Somebody asked for it. */
  readonly isRequested: boolean;
  /** There are answers or results since the last boundary. */
  readonly hasToSummarise: boolean;
  readonly isOver: boolean;
  /** Of this turn. */
  readonly compactions: number;
}

/** `give_up`: another summary would not help. */
export function decideCompaction(view: CompactionView): 'manual' | 'automatic' | 'give_up' | 'none' {
  const { isRequested, hasToSummarise, isOver, compactions } = view;
  if (isRequested && hasToSummarise) return 'manual';
  if (!isOver) return 'none';
  if (hasToSummarise) return compactions < MAX_COMPACTIONS_PER_TURN ? 'automatic' : 'give_up';
  // Nothing but the question: whether it fits is for the provider to say, unless a summary has just failed to make room for it.
  return compactions > 0 ? 'give_up' : 'none';
}
