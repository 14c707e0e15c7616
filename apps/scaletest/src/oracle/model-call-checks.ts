/**
 * The mock's ledger against what was sent: each step and each summary asked for once, in order, with the history that it follows on, and
 * never refused. A step may be asked for again only
 * when a blow of the run's fault struck it, or when viewers were told of a retry and the call before was cut short; such calls are
 * counted, whatever excuses them.
 */
import { summaryOf } from '../answer-shape';
import { type Blow, unexcusedRepeats } from './blow';
import type { Finding } from './finding';
import { checkInterruption } from './interruption-checks';
import type { LedgerCall, LedgerCalls } from './ledger-call';
import type { ObservedChat, ObservedTurn } from './observation';
import { checkPrompts } from './prompt-checks';

type ChatFinding = Omit<Finding, 'chatId'>;

export interface CheckedCalls {
  readonly findings: readonly ChatFinding[];
  /** Calls that the mock answered without a fault of its own. */
  readonly answered: number;
  /** Of these, how many asked for a step again. */
  readonly regenerated: number;
}

export function checkModelCalls(
  chat: ObservedChat,
  calls: LedgerCalls,
  blows: readonly Blow[] = [],
): CheckedCalls {
  const findings: ChatFinding[] = [];
  let answered = 0;
  let regenerated = 0;
  let latestId = 0;
  for (const [at, turn] of chat.turns.entries()) {
    const steps = inOrder(turn, stepsOf(turn, calls));
    answered += steps.flat().length;
    regenerated += steps.flatMap((step) => step.slice(1)).length;
    const asked = callsOf(turn, calls);
    findings.push(...refusals(turn, asked), ...checkPrompts(chat.turns, at, asked.filter(isTaken)));
    findings.push(...checkInterruption({ turn, calls: steps.flat(), history: chat.history, blows }));
    steps.forEach((step, number) => findings.push(...checkStep({ chat, turn, step, number, blows })));
    if (turn.ending === 'removed') continue;
    const firsts = steps.flatMap(([first]) => (first === undefined ? [] : [first.id]));
    const late = firsts.find((id, at) => id < (firsts[at - 1] ?? latestId));
    if (late !== undefined)
      findings.push({
        kind: 'model_call_out_of_order',
        key: turn.order.key,
        detail: `call ${late} before ${Math.max(latestId, ...firsts)}`,
      });
    latestId = firsts.at(-1) ?? latestId;
  }
  return { findings, answered, regenerated };
}

/** The calls of each step and of the summary, in the order they came; those that the mock failed by order are no part of it. */
function stepsOf({ order }: ObservedTurn, { byKey }: LedgerCalls): Steps {
  const good = (key: string, wanted: LedgerCall['purpose']): LedgerCall[] =>
    (byKey.get(key) ?? []).filter(
      ({ fault, error, purpose }) => fault === null && error === null && purpose === wanted,
    );
  const answers = good(order.key, 'chat');
  return {
    answers: Array.from({ length: order.toolSteps.length + 1 }, (_, step) =>
      answers.filter((call) => call.step === step),
    ),
    summary: good(summaryOf(order).key, 'summary'),
  };
}

interface Steps {
  readonly answers: readonly (readonly LedgerCall[])[];
  readonly summary: readonly LedgerCall[];
}

/** A summary that the context needs comes before the first step; one that a person asks for after the last. */
function inOrder(
  { order, isCompacted }: ObservedTurn,
  { answers, summary }: Steps,
): (readonly LedgerCall[])[] {
  if (!isCompacted && summary.length === 0) return [...answers];
  return order.compaction === 'automatic' ? [summary, ...answers] : [...answers, summary];
}

const callsOf = ({ order }: ObservedTurn, { byKey }: LedgerCalls): LedgerCall[] => [
  ...(byKey.get(order.key) ?? []),
  ...(byKey.get(summaryOf(order).key) ?? []),
];

/** The mock read the request, whatever it then did by order. */
const isTaken = ({ error, fault }: LedgerCall): boolean => error === null || fault !== null;

function refusals({ order }: ObservedTurn, calls: readonly LedgerCall[]): ChatFinding[] {
  return calls.flatMap((call): ChatFinding[] => {
    if (isTaken(call)) return [];
    const detail = `call ${call.id} answered ${call.status}: ${call.error ?? ''}`;
    return [{ kind: 'model_refused', key: order.key, detail }];
  });
}

function checkStep({
  chat,
  turn,
  step,
  number,
  blows,
}: {
  chat: ObservedChat;
  turn: ObservedTurn;
  step: readonly LedgerCall[];
  number: number;
  blows: readonly Blow[];
}): ChatFinding[] {
  const { key } = turn.order;
  if (step.length === 0)
    return turn.ending === 'complete' && turn.outcome === 'done'
      ? [{ kind: 'model_call_lost', key, detail: `step ${number} was never asked for` }]
      : [];
  const cut = step.slice(0, -1).filter(({ isWhole }) => !isWhole).length;
  const unexcused = unexcusedRepeats(
    step.map(({ receivedAtMs }) => receivedAtMs),
    blows,
  );
  if (unexcused <= Math.min(chat.retriesTold, cut)) return [];
  return [
    {
      kind: 'model_call_doubled',
      key,
      detail: `step ${number} was asked for ${step.length} times, ${unexcused} of them for no reason`,
    },
  ];
}
