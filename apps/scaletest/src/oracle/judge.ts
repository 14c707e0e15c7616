/**
 * The oracle: says of each chat what is wrong with it, from three independent witnesses — what viewers saw, what the mock was asked,
 * and what the history says at the end. Pure: the same evidence gives the same findings.
 */
import type { Finding } from './finding';
import { checkHistory } from './history-checks';
import type { LedgerCalls } from './ledger-call';
import { checkModelCalls } from './model-call-checks';
import { isSameMessage, isSettled, type ObservedChat } from './observation';

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly turnsChecked: number;
  readonly chatsChecked: number;
}

/** @param calls null when the mock's ledger could not be read: what depends on it is not checked */
export function judge(chats: readonly ObservedChat[], calls: LedgerCalls | null): Verdict {
  const findings: Finding[] = [];
  let turnsChecked = 0;
  for (const chat of chats) {
    turnsChecked += chat.turns.length;
    for (const finding of judgeChat(chat, calls)) findings.push({ ...finding, chatId: chat.chatId });
  }
  if (calls !== null && calls.dropped > 0)
    findings.push({ kind: 'ledger_incomplete', chatId: '', detail: `${calls.dropped} calls forgotten` });
  return { findings, turnsChecked, chatsChecked: chats.length };
}

type ChatFinding = Omit<Finding, 'chatId'>;

function judgeChat(chat: ObservedChat, calls: LedgerCalls | null): ChatFinding[] {
  return [
    ...checkTurns(chat),
    ...chat.viewers.flatMap((viewer) => viewer.findings),
    ...chat.repeatedToolCalls.map((token): ChatFinding => ({
      kind: 'tool_run_twice',
      detail: `call ${token}`,
    })),
    ...(chat.history === null ? [] : checkHistory(chat, chat.history)),
    ...(chat.history !== null && isSettled(chat) ? checkViewers(chat) : []),
    ...(calls === null || calls.dropped > 0 ? [] : checkModelCalls(chat, calls)),
  ];
}

function checkTurns({ turns, finalStatus }: ObservedChat): ChatFinding[] {
  const findings: ChatFinding[] = [];
  for (const { order, outcome, failure } of turns) {
    if (outcome === 'hung') findings.push({ kind: 'hang', key: order.key, detail: failure ?? '' });
    if (outcome === 'failed') findings.push({ kind: 'turn_failed', key: order.key, detail: failure ?? '' });
  }
  if (isSettled({ turns }) && finalStatus !== undefined && finalStatus !== 'waiting')
    findings.push({ kind: 'not_at_rest', detail: `status ${finalStatus}` });
  return findings;
}

/** Every viewer that stayed to the end holds exactly the history. */
function checkViewers({ viewers, history }: ObservedChat): ChatFinding[] {
  const rows = history ?? [];
  return viewers.flatMap((viewer): ChatFinding[] => {
    if (!viewer.isComplete) return [];
    const held = viewer.messages;
    const at = rows.findIndex((row, index) => {
      const other = held[index];
      return other === undefined || !isSameMessage(row, other);
    });
    if (at < 0 && held.length === rows.length) return [];
    const [row, seen] = at < 0 ? [undefined, held[rows.length]] : [rows[at], held[at]];
    return [
      {
        kind: 'viewers_differ',
        detail: `${viewer.name} holds ${held.length} of ${rows.length} messages; first difference: history ${row?.role ?? 'nothing'} ${row?.id ?? ''}, viewer ${seen?.role ?? 'nothing'} ${seen?.id ?? ''}`,
      },
    ];
  });
}
