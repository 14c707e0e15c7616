/** What is known once a load has ended: the evidence, before it is judged and summed up. */
import type { DeliveryCounts } from '../generator/delivery';
import type { ServerErrorTally } from '../generator/server-errors';
import type { Turn } from '../generator/turn';
import type { ObservedChat } from '../oracle/observation';
import type { Strike } from './chaos-strike';
import type { LoadPlan } from './load-plan';
import type { Measured } from './measurements';

export interface StreamTotals {
  bytes: number;
  events: number;
  reconnects: number;
  episodes: number;
  /** Answers whose commit overtook their last parts. */
  cutByCommit: number;
  platformRetries: number;
}

export interface LoadOutcome {
  readonly plan: LoadPlan;
  readonly turns: readonly Turn[];
  readonly chats: readonly ObservedChat[];
  readonly measured: Measured;
  readonly streams: StreamTotals;
  readonly counts: DeliveryCounts;
  readonly serverErrors: ServerErrorTally;
  readonly strike: Strike | null;
  /** `performance.now()` of the first turn's intended time, of the release after the barrier, and of the last turn's end. */
  readonly startedAtMs: number;
  readonly releasedAtMs: number | null;
  readonly createEndedAtMs: number;
  readonly endedAtMs: number;
  readonly worstBacklog: number;
  /** Scenarios that ended for another reason than a turn. */
  readonly scenarioFailures: readonly string[];
  readonly wasAborted: boolean;
}
