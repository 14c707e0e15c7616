/**
 * The tools that the platform runs itself, as far as it can be seen how often: where their runs are known one by one each call is run once,
 * whatever died meanwhile; where only the workers' counters tell, as often as calls were ordered.
 *
 * The tools that every worker has (those for subagents) are idempotent: by the journal's promise (docs/decisions/0005) a takeover
 * may run them again, so a blow excuses one more run of each call that it struck, and of no other.
 */
import { callsOf, LOOKUP_TOOL } from '../answer-shape';
import { type Blow, isStruck } from './blow';
import type { Finding } from './finding';
import type { ObservedChat, ObservedTurn } from './observation';

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

export interface CountedRuns {
  /** By the counters of the workers, during the load; null where they do not tell. A worker that was killed took its own with it. */
  readonly runs: number | null;
  readonly chats: readonly ObservedChat[];
  /** The harness's own tool is the platform's, too. */
  readonly runsLookup: boolean;
  readonly blows: readonly Blow[];
}

export function checkToolRunCount({ runs, chats, runsLookup, blows }: CountedRuns): Finding[] {
  if (runs === null) return [];
  const turns = chats.flatMap((chat) => chat.turns);
  const ordered = (turn: ObservedTurn): number =>
    callsOf(turn.order)
      .flat()
      .filter(({ name }) => runsLookup || name !== LOOKUP_TOOL.name).length;
  const most = turns.reduce((sum, turn) => sum + ordered(turn) * (1 + excused(turn, blows)), 0);
  if (runs <= most) return [];
  const detail = `the workers ran tools ${runs} times, ${most} at most were ordered`;
  return [{ kind: 'tool_run_twice', chatId: '', detail }];
}

function excused({ sentAtMs, doneAtMs }: ObservedTurn, blows: readonly Blow[]): number {
  const fromMs = sentAtMs + performance.timeOrigin;
  // One that never ended was there until the end.
  const toMs = doneAtMs === 0 ? Number.POSITIVE_INFINITY : doneAtMs + performance.timeOrigin;
  return blows
    .filter((blow) => isStruck(blow, fromMs, toMs))
    .reduce((sum, { regenerations }) => sum + regenerations, 0);
}
