/** The history against what was sent: each accepted message once, in order, each with its steps, results and the model's very text. */
import { expectedText, promptFor } from '../answer-shape';
import { digestOf } from './digest';
import { checkChildren, checkCompaction, checkReports } from './extra-row-checks';
import type { Finding } from './finding';
import { isSettled, type ObservedChat, type ObservedTurn, type SeenMessage } from './observation';
import { checkToolRows } from './tool-row-checks';

type ChatFinding = Omit<Finding, 'chatId'>;

interface StoredTurn {
  readonly key: string;
  readonly user: SeenMessage;
  readonly rows: SeenMessage[];
}

export function checkHistory(chat: ObservedChat, history: readonly SeenMessage[]): ChatFinding[] {
  const stored = groupByTurn(history);
  const byKey = new Map<string, StoredTurn[]>();
  for (const turn of stored) byKey.set(turn.key, [...(byKey.get(turn.key) ?? []), turn]);
  const findings: ChatFinding[] = [];
  const settled = isSettled(chat);
  for (const turn of chat.turns) {
    const found = byKey.get(turn.order.key) ?? [];
    // An edit that was on its way when the run was stopped may not have taken the message away.
    if (settled || turn.ending !== 'removed') findings.push(...checkTurn(turn, found, chat.turns));
    byKey.delete(turn.order.key);
  }
  for (const key of byKey.keys())
    findings.push({ kind: 'user_message_unknown', key, detail: `a message with the key ${key}` });
  if (settled) findings.push(...checkResults(history), ...checkChildren(chat.children, history));
  return findings;
}

function groupByTurn(history: readonly SeenMessage[]): StoredTurn[] {
  const turns: StoredTurn[] = [];
  for (const row of history) {
    if (row.role === 'user') turns.push({ key: row.key ?? `message ${row.id}`, user: row, rows: [] });
    else turns.at(-1)?.rows.push(row);
  }
  return turns;
}

function checkTurn(
  turn: ObservedTurn,
  found: readonly StoredTurn[],
  all: readonly ObservedTurn[],
): ChatFinding[] {
  const { key } = turn.order;
  if (turn.ending === 'removed') {
    if (found.length === 0) return [];
    return [{ kind: 'user_message_unknown', key, detail: 'an edit took it away, but it is there' }];
  }
  const [stored] = found;
  if (stored === undefined) {
    // One that is still pending may wait in the queue.
    if (!turn.wasAccepted || turn.outcome === 'failed' || turn.outcome === 'pending') return [];
    return [{ kind: 'user_message_lost', key, detail: 'accepted, and not in the history' }];
  }
  if (found.length > 1)
    return [{ kind: 'user_message_doubled', key, detail: `${found.length} times in the history` }];
  return [
    ...checkMessage(turn, stored),
    ...checkAnswer(turn, stored, all),
    ...checkCompaction(turn, stored.rows),
    ...checkReports(turn, stored.rows),
  ];
}

function checkMessage({ order }: ObservedTurn, { user }: StoredTurn): ChatFinding[] {
  if (user.textDigest === digestOf(promptFor(order))) return [];
  return [{ kind: 'wrong_text', key: order.key, detail: `message ${user.id} is not what was sent` }];
}

function checkAnswer(turn: ObservedTurn, { rows }: StoredTurn, all: readonly ObservedTurn[]): ChatFinding[] {
  const { order, ending, outcome } = turn;
  const { key, toolSteps } = order;
  const answers = rows.filter((row) => row.role === 'assistant' && !row.isCompaction);
  const most = toolSteps.length + 1;
  if (answers.length > most)
    return [
      { kind: 'answer_doubled', key, detail: `${answers.length} assistant messages for ${most} steps` },
    ];
  if (ending === 'cut') return checkCutText(order, answers);
  if (outcome !== 'done') return [];
  const last = answers.at(-1);
  if (answers.length < most || last === undefined)
    return [
      { kind: 'answer_missing', key, detail: `${answers.length} assistant messages for ${most} steps` },
    ];
  const expected = expectedText(order);
  if (digestOf(expected) === last.textDigest) return checkToolRows(turn, rows);
  const owner = all.find((other) => digestOf(expectedText(other.order)) === last.textDigest);
  if (owner !== undefined)
    return [
      { kind: 'answer_misplaced', key, detail: `message ${last.id} is the answer of ${owner.order.key}` },
    ];
  return [
    {
      kind: 'wrong_text',
      key,
      detail: `message ${last.id} has ${last.textLength} characters, the model answered ${expected.length} others`,
    },
  ];
}

function checkCutText(order: ObservedTurn['order'], answers: readonly SeenMessage[]): ChatFinding[] {
  const last = answers.at(-1);
  if (last === undefined || last.textLength === 0) return [];
  const expected = expectedText(order).slice(0, last.textLength);
  if (digestOf(expected) === last.textDigest) return [];
  return [{ kind: 'wrong_text', key: order.key, detail: `message ${last.id} is no beginning of the answer` }];
}

/** Each call has exactly one result. */
function checkResults(history: readonly SeenMessage[]): ChatFinding[] {
  const results = new Map<string, number>();
  for (const { resultIds } of history)
    for (const id of resultIds) results.set(id, (results.get(id) ?? 0) + 1);
  return history.flatMap(({ callIds }) =>
    callIds.flatMap((id): ChatFinding[] => {
      const count = results.get(id) ?? 0;
      if (count === 1) return [];
      const kind = count === 0 ? 'tool_result_missing' : 'tool_result_doubled';
      return [{ kind, detail: `call ${id} has ${count} results` }];
    }),
  );
}
