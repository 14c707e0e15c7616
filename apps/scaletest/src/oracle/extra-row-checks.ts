/** What a turn leaves beside its messages, answers and results: the pair of a compaction, its subagents, and what they told. */
import { expectedText, summaryOf } from '../answer-shape';
import { digestOf } from './digest';
import type { Finding } from './finding';
import { agentsOf, type ObservedTurn, type SeenMessage } from './observation';

type ChatFinding = Omit<Finding, 'chatId'>;

/** @param rows those after the turn's own message */
export function checkCompaction(turn: ObservedTurn, rows: readonly SeenMessage[]): ChatFinding[] {
  const { order, outcome, isCompacted } = turn;
  const { key } = order;
  const summaries = rows.flatMap(({ summaryDigests }) => summaryDigests);
  const most = isCompacted ? 1 : 0;
  if (summaries.length > most) {
    const detail = `${summaries.length} summaries, ${most} expected`;
    return [{ kind: 'compaction_doubled', key, detail }];
  }
  if (outcome !== 'done' || most === 0) return [];
  const [summary] = summaries;
  if (summary === undefined) return [{ kind: 'compaction_missing', key, detail: 'no summary' }];
  if (summary === digestOf(expectedText(summaryOf(order)).trim())) return [];
  return [{ kind: 'wrong_text', key, detail: 'the summary is not what the model answered' }];
}

export function checkReports({ order, outcome }: ObservedTurn, rows: readonly SeenMessage[]): ChatFinding[] {
  if (order.reports === undefined || outcome !== 'done') return [];
  const told = agentsOf(rows);
  return order.reports.flatMap((child, at): ChatFinding[] =>
    told[at]?.reportDigest === digestOf(expectedText(child))
      ? []
      : [{ kind: 'report_differs', key: order.key, detail: `subagent ${child.key}` }],
  );
}

/** Each call that spawns makes one child, also when a takeover repeats it: a child that no result tells of is one too many. */
export function checkChildren(
  children: readonly string[] | null,
  history: readonly SeenMessage[],
): ChatFinding[] {
  if (children === null) return [];
  const told = new Set(agentsOf(history).map(({ chatId }) => chatId));
  const untold = children.filter((id) => !told.has(id)).length;
  const missing = [...told].filter((id) => !children.includes(id)).length;
  if (untold === 0 && missing === 0) return [];
  const detail = `of ${children.length} subagents ${untold} are in no result, and ${missing} of the results have none`;
  return [{ kind: 'children_differ', detail }];
}
