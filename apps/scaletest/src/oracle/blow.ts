/**
 * One thing that a fault did to the platform, and what it excuses. A blow excuses only what overlaps it, and only so often: a run with
 * a fault is judged like any other but for the turns that it struck.
 */
export interface Blow {
  /** Such as `kill chat-worker 1`. */
  readonly what: string;
  /** From when to when the platform lacked something; milliseconds since the epoch, as the ledger of the mock counts. */
  readonly atMs: number;
  readonly untilMs: number;
  /** How often a step that was in flight may rightly be generated again. */
  readonly regenerations: number;
  /** Requests may be refused with a 5xx. */
  readonly mayRefuse: boolean;
}

/** In which a turn that began when all was mended may still meet the old state: a lease, a connection. */
const SETTLE_MS = 6_000;
/** In which a step that was lost has to be asked for again: a lease, a sweep, and room for a busy machine. */
const AFTERMATH_MS = 15_000;

/** True when something that lasted from `fromMs` to `toMs` met the blow or what came of it. */
export function isStruck({ atMs, untilMs }: Blow, fromMs: number, toMs: number): boolean {
  return toMs >= atMs && fromMs <= untilMs + AFTERMATH_MS;
}

/**
 * How many of the requests for one step, by their times in order, no blow excuses. The first is nobody's fault; a later one is excused
 * when the request before it was there to be struck, and as often as the blow allows.
 */
export function unexcusedRepeats(receivedAtMs: readonly number[], blows: readonly Blow[]): number {
  const left = blows.map(({ regenerations }) => regenerations);
  let unexcused = 0;
  receivedAtMs.forEach((atMs, index) => {
    const earlierMs = receivedAtMs[index - 1];
    if (earlierMs === undefined) return;
    const by = blows.findIndex(
      (blow, which) =>
        (left[which] ?? 0) > 0 &&
        earlierMs <= blow.untilMs + SETTLE_MS &&
        atMs >= blow.atMs &&
        atMs <= blow.untilMs + AFTERMATH_MS,
    );
    if (by < 0) unexcused += 1;
    else left[by] = (left[by] ?? 0) - 1;
  });
  return unexcused;
}
