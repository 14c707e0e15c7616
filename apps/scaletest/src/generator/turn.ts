/** One turn as the generator drives and times it. Times are `performance.now()` of the generator; 0 means it has not happened. */
import type { TurnOrder } from '../answer-shape';
import type { Interruption, ObservedTurn, TurnEnding } from '../oracle/observation';

export type Phase = 'create' | 'follow_up';

export class Turn implements ObservedTurn {
  ending: TurnEnding = 'complete';
  wasAccepted = false;
  outcome: ObservedTurn['outcome'] = 'pending';
  failure: string | undefined;
  isCompacted: boolean;
  removedBy: string | undefined;
  interruption: Interruption | undefined;
  /** When it was meant to be sent: all latencies count from here. */
  readonly intendedAtMs: number;
  sentAtMs = 0;
  acceptedAtMs = 0;
  firstPartAtMs = 0;
  doneAtMs = 0;
  worstGapMs = 0;
  /** Of the user message; 0 while it is queued. */
  userMessageId = 0;

  constructor(
    readonly order: TurnOrder,
    readonly phase: Phase,
    readonly scenario: string,
    intendedAtMs: number,
  ) {
    this.intendedAtMs = intendedAtMs;
    this.isCompacted = order.compaction === 'automatic';
  }
}
