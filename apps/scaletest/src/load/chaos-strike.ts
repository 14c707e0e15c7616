/** One fault during a load: when it struck, when it was mended, and how long the platform took to be itself again. */
import type { Turn } from '../generator/turn';

export interface Strike {
  readonly struckAtMs: number;
  readonly mendedAtMs: number;
  /** Why it could not be carried out. */
  readonly failure: string | undefined;
}

export interface Recovery {
  /** From the fault until the last turn that was in flight had ended; null when one never did. */
  readonly inFlightMs: number | null;
  readonly turnsInFlight: number;
  /** From the fault until turns ended at their usual pace and kept doing so; null when they did not. */
  readonly steadyMs: number | null;
  /** The longest time without any turn ending, after the fault. */
  readonly longestSilenceMs: number;
}

const WINDOW_MS = 1_000;
const USUAL_SHARE = 0.5;

/** @param endsAtMs when the load ended: what is later is no dip */
export function recoveryOf(turns: readonly Turn[], { struckAtMs }: Strike, endsAtMs: number): Recovery {
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
  const perWindow = (fromMs: number): number =>
    ended.filter((atMs) => atMs >= fromMs && atMs < fromMs + WINDOW_MS).length;
  const before: number[] = [];
  const first = ended[0] ?? struckAtMs;
  for (let from = struckAtMs - WINDOW_MS; from >= first; from -= WINDOW_MS) before.push(perWindow(from));
  if (before.length === 0) return null;
  const usual = before.sort((left, right) => left - right)[Math.floor(before.length / 2)] ?? 0;
  let steadyFrom = struckAtMs;
  for (let from = struckAtMs; from + WINDOW_MS <= endsAtMs; from += WINDOW_MS) {
    if (perWindow(from) < usual * USUAL_SHARE) steadyFrom = from + WINDOW_MS;
  }
  return steadyFrom + WINDOW_MS > endsAtMs ? null : steadyFrom - struckAtMs;
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
