/** What the tools of the platform itself were run with, where they can be seen: each call once, whatever died meanwhile. */
import type { Finding } from './finding';

/** @param tokens of all runs, in order */
export function checkToolRuns(tokens: readonly string[]): Finding[] {
  const runs = new Map<string, number>();
  for (const token of tokens) runs.set(token, (runs.get(token) ?? 0) + 1);
  return [...runs].flatMap(([token, count]): Finding[] =>
    count === 1
      ? []
      : [{ kind: 'tool_run_twice', chatId: '', detail: `the platform ran call ${token} ${count} times` }],
  );
}
