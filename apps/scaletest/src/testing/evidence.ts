/** Evidence of a healthy chat, for specs that then spoil one thing. */
import { callsOf, expectedText, promptFor, type TurnOrder } from '../answer-shape';
import { digestOf, digestOfCall, digestOfResult } from '../oracle/digest';
import type { LedgerCall, LedgerCalls } from '../oracle/ledger-call';
import type { ObservedChat, ObservedTurn, ObservedViewer, SeenMessage } from '../oracle/observation';

const SHAPE = { chunks: 2, chunkSize: 10, chunkMs: 0, firstByteMs: 0 };

export const orderOf = (key: string, toolSteps: readonly number[] = []): TurnOrder => ({
  key,
  shape: SHAPE,
  toolSteps,
});

export const observedTurn = (key: string, toolSteps: readonly number[] = []): ObservedTurn => ({
  order: orderOf(key, toolSteps),
  ending: 'complete',
  wasAccepted: true,
  sentAtMs: 10,
  doneAtMs: 20,
  outcome: 'done',
  isCompacted: false,
  removedBy: undefined,
  interruption: undefined,
  failure: undefined,
});

export function seen(
  id: number,
  role: SeenMessage['role'],
  text: string,
  rest: Partial<SeenMessage> = {},
): SeenMessage {
  return {
    id,
    role,
    textDigest: digestOf(text),
    textLength: text.length,
    callIds: [],
    callDigests: [],
    resultIds: [],
    resultDigests: [],
    key: undefined,
    isCompaction: false,
    summaryDigests: [],
    agents: [],
    ...rest,
  };
}

/** The rows that a turn leaves, ids from `firstId` on. */
export function rowsOf({ order }: ObservedTurn, firstId: number): SeenMessage[] {
  const rows = [seen(firstId, 'user', promptFor(order), { key: order.key })];
  callsOf(order).forEach((calls, step) => {
    const ids = calls.map((_, call) => `${order.key}-${step}-${call}`);
    const callDigests = calls.map(({ name, arguments: args }) => digestOfCall(name, args));
    const resultDigests = calls.map(({ name, arguments: args }) => digestOfResult(name, args));
    rows.push(seen(firstId + rows.length, 'assistant', '', { callIds: ids, callDigests }));
    rows.push(seen(firstId + rows.length, 'tool', '', { resultIds: ids, resultDigests }));
  });
  rows.push(seen(firstId + rows.length, 'assistant', expectedText(order)));
  return rows;
}

export function healthyChat(turns: readonly ObservedTurn[]): ObservedChat & { history: SeenMessage[] } {
  const history: SeenMessage[] = [];
  for (const turn of turns) history.push(...rowsOf(turn, history.length + 1));
  return {
    chatId: 'chat',
    turns,
    viewers: [healthyViewer(history)],
    watchers: [],
    repeatedToolCalls: [],
    retriesTold: 0,
    history,
    children: null,
    historyFailure: undefined,
    finalStatus: 'waiting',
    finalQueued: 0,
  };
}

export const healthyViewer = (history: readonly SeenMessage[], name = 'viewer 1'): ObservedViewer => ({
  name,
  messages: [...history],
  findings: [],
  gaps: [],
  wholeIds: [],
  missingBecause: undefined,
  status: 'waiting',
  queuedCount: 0,
});

export function healthyCalls(
  turns: readonly ObservedTurn[],
): LedgerCalls & { byKey: Map<string, LedgerCall[]> } {
  const byKey = new Map<string, LedgerCall[]>();
  let id = 0;
  for (const { order } of turns)
    byKey.set(
      order.key,
      Array.from({ length: order.toolSteps.length + 1 }, (_, step) => ledgerCall((id += 1), step)),
    );
  return { byKey, dropped: 0 };
}

export const ledgerCall = (id: number, step: number): LedgerCall => ({
  id,
  step,
  purpose: 'chat',
  receivedAtMs: 1_000 * id,
  status: 200,
  error: null,
  fault: null,
  isWhole: true,
  scheduleMs: 0,
  durationMs: 1,
  prompt: null,
});
