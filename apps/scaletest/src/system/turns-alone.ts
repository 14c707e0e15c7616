/**
 * Settings of the workers that a run measures: turns, and nothing beside them but titles. Labels and summaries would add a call of a model
 * to each turn, and two statements, that no client waits for; a deployment that was given is measured as it is.
 */
export const TURNS_ALONE: Readonly<Record<string, string>> = {
  CHAT_TURN_LABELS: 'none',
  CHAT_SUMMARIES: 'false',
};
