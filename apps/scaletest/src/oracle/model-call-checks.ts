/** The mock's ledger against what was sent: each step asked for once, in order, and never refused. */
import type { Finding } from './finding';
import type { LedgerCall, LedgerCalls } from './ledger-call';
import type { ObservedChat, ObservedTurn } from './observation';

type ChatFinding = Omit<Finding, 'chatId'>;

export function checkModelCalls(chat: ObservedChat, calls: LedgerCalls): ChatFinding[] {
  const findings: ChatFinding[] = [];
  let latest: LedgerCall | undefined;
  for (const turn of chat.turns) {
    const ofTurn = calls.byKey.get(turn.order.key) ?? [];
    findings.push(...checkTurn(turn, ofTurn, chat.mayRegenerate));
    if (turn.ending === 'removed' || chat.mayRegenerate) continue;
    const [first] = ofTurn;
    if (first !== undefined && latest !== undefined && first.id < latest.id)
      findings.push({
        kind: 'model_call_out_of_order',
        key: turn.order.key,
        detail: `call ${first.id} before ${latest.id}`,
      });
    latest = ofTurn.at(-1) ?? latest;
  }
  return findings;
}

function checkTurn(turn: ObservedTurn, calls: readonly LedgerCall[], mayRegenerate: boolean): ChatFinding[] {
  const { key, toolSteps } = turn.order;
  const findings: ChatFinding[] = [];
  for (const { error, status, fault, id } of calls) {
    if (error !== null && fault === null)
      findings.push({ kind: 'model_refused', key, detail: `call ${id} answered ${status}: ${error}` });
  }
  for (let step = 0; step <= toolSteps.length; step += 1) {
    const answered = calls.filter((call) => call.step === step && call.fault === null && call.error === null);
    if (answered.length === 0 && turn.ending === 'complete' && turn.outcome === 'done')
      findings.push({ kind: 'model_call_lost', key, detail: `step ${step} was never asked for` });
    if (answered.length > 1 && !mayRegenerate)
      findings.push({
        kind: 'model_call_doubled',
        key,
        detail: `step ${step} was asked for ${answered.length} times`,
      });
  }
  return findings;
}
