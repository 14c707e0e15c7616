/**
 * When turns begin in open loop, in milliseconds from the start of the load: times are drawn before anything is sent, so that a
 * slow system cannot slow the load down and hide its own queue (coordinated omission).
 *
 * `rate` is evenly spaced; `poisson` has exponential gaps; `ramp` grows from zero to the rate; `spike` runs at a tenth of the rate
 * and at the full rate in the middle fifth; `soak` is Poisson for long runs.
 */
import type { Random } from '@parley/llmmock';

export const ARRIVAL_KINDS = ['rate', 'poisson', 'ramp', 'spike', 'soak'] as const;
export type ArrivalKind = (typeof ARRIVAL_KINDS)[number];

export interface Arrivals {
  readonly kind: ArrivalKind;
  /** Turns a second, at the highest. */
  readonly perSecond: number;
  readonly durationMs: number;
}

const SPIKE_BASE = 0.1;

/** The instants in order. The same random sequence gives the same instants. */
export function* arrivalTimes({ kind, perSecond, durationMs }: Arrivals, random: Random): Generator<number> {
  if (kind === 'rate') {
    const gapMs = 1000 / perSecond;
    for (let index = 0; index * gapMs < durationMs; index += 1) yield index * gapMs;
    return;
  }
  // A Poisson process of the highest rate, thinned down to the rate of the moment.
  for (let atMs = gap(perSecond, random); atMs < durationMs; atMs += gap(perSecond, random)) {
    if (random() < shareAt(kind, atMs / durationMs)) yield atMs;
  }
}

function gap(perSecond: number, random: Random): number {
  return (-Math.log(1 - random()) * 1000) / perSecond;
}

/** The rate of the moment as a share of the highest, at a position from 0 to 1 of the load. */
export function shareAt(kind: ArrivalKind, position: number): number {
  switch (kind) {
    case 'rate':
    case 'poisson':
    case 'soak':
      return 1;
    case 'ramp':
      return position;
    case 'spike':
      return position >= 0.4 && position < 0.6 ? 1 : SPIKE_BASE;
  }
}
