/** One fault during a load: when it struck, when it was mended, and how long the platform took to be itself again. */
import type { Turn } from '../generator/turn';
import type { Recoveries } from '../chaos/recovery-watch';
import type { Blow } from '../oracle/blow';
import type { DisturbanceCounts } from '../system/target';

export interface Strike {
  readonly struckAtMs: number;
  readonly mendedAtMs: number;
  readonly blows: readonly Blow[];
  readonly busCounts: DisturbanceCounts | null;
  /** Kill by kill; null when the fault kills no worker. */
  readonly recoveries: Recoveries | null;
  /** Why it could not be carried out. */
  readonly failure: string | undefined;
}

export interface Recovery {
  /** From the fault until the last turn that was in flight had ended; null when one never did. */
  readonly inFlightMs: number | null;
  readonly turnsInFlight: number;
  /** From the fault until turns ended at their usual pace and kept doing so, to a second or so; null when they did not. */
  readonly steadyMs: number | null;
  /** The longest time without any turn ending, after the fault. */
  readonly longestSilenceMs: number;
}

/** Chats that began together end their turns together, so the pace is taken over more than one turn. */
const WINDOW_MS = 6_000;
const STEP_MS = 500;
const USUAL_SHARE = 0.7;

/** @param endsAtMs when the load ended: what is later is no dip */
export function recoveryOf(
  turns: readonly Turn[],
  { struckAtMs }: Pick<Strike, 'struckAtMs'>,
  endsAtMs: number,
): Recovery {
  const inFlight = turns.filter(
    ({ sentAtMs, doneAtMs }) =>
      sentAtMs > 0 && sentAtMs <= struckAtMs && (doneAtMs === 0 || doneAtMs > struckAtMs),
  );
  const ended = turns.map(({ doneAtMs }) => doneAtMs).filter((atMs) => atMs > 0);
  ended.sort((left, right) => left - right);
  const hasLost = inFlight.some(({ doneAtMs }) => doneAtMs === 0);
  const last = Math.max(struckAtMs, ...inFlight.map(({ doneAtMs }) => doneAtMs));
  return {
    turnsInFlight: inFlight.length,
    inFlightMs: hasLost ? null : last - struckAtMs,
    steadyMs: steadyAfter(ended, struckAtMs, endsAtMs),
    longestSilenceMs: longestSilence(ended, struckAtMs, endsAtMs),
  };
}

function steadyAfter(ended: readonly number[], struckAtMs: number, endsAtMs: number): number | null {
  const pace = (fromMs: number, toMs: number): number =>
    ended.filter((atMs) => atMs > fromMs && atMs <= toMs).length / (toMs - fromMs);
  const first = ended[0] ?? struckAtMs;
  if (first >= struckAtMs) return null;
  const usual = pace(first, struckAtMs);
  let steadyAtMs = struckAtMs;
  let lastLookAtMs = struckAtMs;
  for (let atMs = struckAtMs + STEP_MS; atMs <= endsAtMs; atMs += STEP_MS) {
    lastLookAtMs = atMs;
    if (pace(Math.max(first, atMs - WINDOW_MS), atMs) < usual * USUAL_SHARE) steadyAtMs = atMs + STEP_MS;
  }
  if (steadyAtMs > lastLookAtMs) return null;
  // After a standstill the window needs that long to fill up to the usual share.
  return Math.max(0, steadyAtMs - struckAtMs - WINDOW_MS * USUAL_SHARE);
}

function longestSilence(ended: readonly number[], fromMs: number, endsAtMs: number): number {
  let longest = 0;
  let previous = fromMs;
  for (const atMs of [...ended.filter((time) => time > fromMs && time < endsAtMs), endsAtMs]) {
    longest = Math.max(longest, atMs - previous);
    previous = atMs;
  }
  return longest;
}
