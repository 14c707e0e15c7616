/**
 * Settings of the workers that a run measures: turns, and nothing beside them but titles where the load has them. Labels and summaries
 * would add a call of a model to each turn, and two statements, that no client waits for; a deployment that was given is measured as it is.
 */
export function turnsAlone({ hasTitles }: { readonly hasTitles: boolean }): Readonly<Record<string, string>> {
  return { CHAT_TURN_LABELS: 'none', CHAT_SUMMARIES: 'false', CHAT_TITLES: String(hasTitles) };
}
