/**
 * The oracle: says of each chat what is wrong with it, from three independent witnesses — what viewers saw, what the mock was asked,
 * and what the history says at the end. Pure: the same evidence gives the same findings.
 */
import type { Blow } from './blow';
import type { Finding } from './finding';
import { checkHistory } from './history-checks';
import type { LedgerCalls } from './ledger-call';
import { type CheckedCalls, checkModelCalls } from './model-call-checks';
import { isSameMessage, isSettled, type ObservedChat } from './observation';
import { checkStreams, checkStreamShares } from './stream-checks';

export interface Verdict {
  readonly findings: readonly Finding[];
  readonly turnsChecked: number;
  readonly chatsChecked: number;
  /** Null without a ledger. */
  readonly modelCalls: { readonly answered: number; readonly regenerated: number } | null;
  /** Answers that a viewer did not see grow to their end, whatever excuses it. */
  readonly answersCut: number;
}

/**
 * @param calls null when the mock's ledger could not be read: what depends on it is not checked
 * @param blows what the run's fault did to the platform
 */
export function judge(
  chats: readonly ObservedChat[],
  calls: LedgerCalls | null,
  blows: readonly Blow[] = [],
): Verdict {
  const findings: Finding[] = [];
  const modelCalls = { answered: 0, regenerated: 0 };
  const canCheckCalls = calls !== null && calls.dropped === 0;
  let turnsChecked = 0;
  let answersCut = 0;
  for (const chat of chats) {
    turnsChecked += chat.turns.length;
    answersCut += checkStreams(chat, chat.history ?? [], []).length;
    const ofCalls: CheckedCalls = canCheckCalls
      ? checkModelCalls(chat, calls, blows)
      : { findings: [], answered: 0, regenerated: 0 };
    modelCalls.answered += ofCalls.answered;
    modelCalls.regenerated += ofCalls.regenerated;
    for (const finding of [...judgeChat(chat, blows), ...ofCalls.findings])
      findings.push({ ...finding, chatId: chat.chatId });
  }
  findings.push(...checkStreamShares(chats, blows));
  if (calls !== null && calls.dropped > 0)
    findings.push({ kind: 'ledger_incomplete', chatId: '', detail: `${calls.dropped} calls forgotten` });
  return {
    findings,
    turnsChecked,
    chatsChecked: chats.length,
    modelCalls: canCheckCalls ? modelCalls : null,
    answersCut,
  };
}

type ChatFinding = Omit<Finding, 'chatId'>;

function judgeChat(chat: ObservedChat, blows: readonly Blow[]): ChatFinding[] {
  return [
    ...checkTurns(chat),
    ...chat.viewers.flatMap((viewer) => viewer.findings),
    ...chat.repeatedToolCalls.map((token): ChatFinding => ({
      kind: 'tool_run_twice',
      detail: `call ${token}`,
    })),
    ...checkWatchers(chat),
    ...checkWithHistory(chat, blows),
  ];
}

/** What was not read is not clean. */
function checkWithHistory(chat: ObservedChat, blows: readonly Blow[]): ChatFinding[] {
  const { history } = chat;
  if (history === null) return [{ kind: 'history_unread', detail: chat.historyFailure ?? 'it was not read' }];
  return [
    ...checkHistory(chat, history),
    ...checkStreams(chat, history, blows),
    ...(isSettled(chat) ? checkViewers(chat) : []),
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

/** The list of chats says of a chat at rest that it is, when anything happened in it since the list was opened. */
function checkWatchers({ turns, watchers, finalStatus }: ObservedChat): ChatFinding[] {
  return watchers.flatMap(({ name, status, failure, openedAtMs }): ChatFinding[] => {
    if (failure !== undefined) return [{ kind: 'client_failed', detail: `${name}: ${failure}` }];
    const isDue = turns.some(({ sentAtMs }) => sentAtMs > openedAtMs);
    if (!isDue || !isSettled({ turns }) || status === finalStatus) return [];
    const detail = `${name} says ${status ?? 'nothing'}, the chat is ${finalStatus ?? 'unknown'}`;
    return [{ kind: 'watch_differs', detail }];
  });
}

/** Every viewer is there in the end, holds exactly the history, and was told how the chat is. */
function checkViewers({ viewers, history, finalStatus, finalQueued }: ObservedChat): ChatFinding[] {
  const rows = history ?? [];
  return viewers.flatMap((viewer): ChatFinding[] => {
    const { name, missingBecause, status, queuedCount } = viewer;
    if (missingBecause !== undefined)
      return [{ kind: 'viewer_missing', detail: `${name} was not attached: ${missingBecause}` }];
    if (status !== finalStatus || queuedCount !== finalQueued) {
      const told = `${status ?? 'nothing'} with ${queuedCount} messages waiting`;
      const detail = `${name} says ${told}, the chat is ${finalStatus ?? 'unknown'} with ${finalQueued}`;
      return [{ kind: 'viewers_differ', detail }];
    }
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
