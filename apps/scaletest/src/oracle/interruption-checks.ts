/**
 * A turn that a user stopped: the model is not asked on, and what people had seen of the answer is kept. When the answer was whole before it
 * could be stopped it may stay whole. Nothing is promised of a turn that the run's fault struck: tokens go with their worker.
 */
import { type Blow, isStruck } from './blow';
import type { Finding } from './finding';
import type { LedgerCall } from './ledger-call';
import type { ObservedTurn, SeenMessage } from './observation';

type ChatFinding = Omit<Finding, 'chatId'>;

/** In which an interrupt has to reach the model, on a machine that is far too busy. */
const GRACE_MS = 1_500;

export interface InterruptedTurn {
  readonly turn: ObservedTurn;
  readonly calls: readonly LedgerCall[];
  readonly history: readonly SeenMessage[] | null;
  readonly blows: readonly Blow[];
}

export function checkInterruption({ turn, calls, history, blows }: InterruptedTurn): ChatFinding[] {
  const { order, interruption, ending, outcome, sentAtMs, doneAtMs } = turn;
  if (interruption === undefined || ending !== 'cut' || outcome !== 'done') return [];
  const [fromMs, toMs] = [sentAtMs + performance.timeOrigin, doneAtMs + performance.timeOrigin];
  if (blows.some((blow) => isStruck(blow, fromMs, toMs))) return [];
  const findings: ChatFinding[] = [];
  const { key } = order;
  // The call began no sooner than the message was sent: so much of it is certainly later, whatever the mock's clock says.
  const latest = Math.max(0, ...calls.filter(({ isWhole }) => isWhole).map((call) => call.durationMs));
  const lateMs = Math.round(latest - (interruption.takenAtMs - sentAtMs));
  if (lateMs > GRACE_MS) {
    const detail = `the model answered to its end, at least ${lateMs} ms after the turn was stopped`;
    findings.push({ kind: 'interrupt_ignored', key, detail });
  }
  if (history !== null && interruption.hadParts && !hasAnswer(history, key))
    findings.push({ kind: 'partial_lost', key, detail: 'parts were seen, and nothing is in the history' });
  return findings;
}

function hasAnswer(history: readonly SeenMessage[], key: string): boolean {
  const asked = history.findIndex((row) => row.key === key);
  const rows = history.slice(asked + 1);
  const next = rows.findIndex(({ role }) => role === 'user');
  return rows
    .slice(0, next < 0 ? rows.length : next)
    .some(({ role, textLength }) => role === 'assistant' && textLength > 0);
}
