/** One load: how many chats, what they do, when their turns begin, how the model answers, and what breaks meanwhile. */
import type { AnswerShape } from '../answer-shape';
import type { Arrivals } from '../arrivals/arrivals';
import type { FaultName } from '../chaos/faults';
import type { Mix } from '../scenarios/mix';

export interface LoadPlan {
  readonly name: string;
  readonly chats: number;
  /** Turns of a chat, its first one included, in closed loop; absent: until `durationMs` or the arrivals end. */
  readonly turns?: number | undefined;
  /** Of the follow-up turns in closed loop. */
  readonly durationMs?: number | undefined;
  /** Open loop: when follow-up turns begin. */
  readonly arrivals?: Arrivals | undefined;
  readonly shape: AnswerShape;
  readonly mix: Mix;
  readonly users: number;
  /** All chats have ended their first turn before the second turns begin together. */
  readonly hasBarrier: boolean;
  /** Between the barrier and the release. */
  readonly barrierDelayMs: number;
  /** A turn that takes longer hangs. */
  readonly turnTimeoutMs: number;
  /** The SQL budget holds for this load. */
  readonly isBudgeted: boolean;
  /** It is there to meet a rate limit: without one that was met it shows nothing. */
  readonly mustBeLimited?: boolean | undefined;
  readonly fault?: FaultName | undefined;
  /** In which all that a killed worker was at has to be taken up by others; of faults that kill workers. */
  readonly maxRecoveryMs?: number | undefined;
  /** What the generator may cost, CPU a turn: a load that is to be compared must not measure its own tool. */
  readonly maxGeneratorCpuMs?: number | undefined;
}

/** Turns the plan makes at most, as far as it says. */
export function plannedTurns({ chats, turns, arrivals }: LoadPlan): number | null {
  if (arrivals !== undefined) return chats + Math.ceil((arrivals.perSecond * arrivals.durationMs) / 1000);
  return turns === undefined ? null : chats * turns;
}
