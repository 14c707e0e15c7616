/** A push may work another time, not before `afterMs`. */
export class RetryLaterError extends Error {
  readonly code = 'retry_later';
  constructor(
    reason: string,
    readonly afterMs: number,
  ) {
    super(`To be sent again: ${reason}`);
  }
}

/** So often a job is tried before it becomes a dead letter: within about six minutes when nobody asks for longer waits. */
export const MAX_DELIVERIES = 6;

const FIRST_DELAY_MS = 1_000;
const GROWTH = 4;
/** A push service that asks for more gets the job back after this. */
const MAX_DELAY_MS = 15 * 60_000;

/** From 1 s on, each four times the last, less up to a quarter; never sooner than the push service asked for. */
export function retryDelayMs(deliveries: number, error: unknown): number {
  const fullMs = FIRST_DELAY_MS * GROWTH ** (deliveries - 1);
  const askedMs = error instanceof RetryLaterError ? error.afterMs : 0;
  return Math.min(MAX_DELAY_MS, Math.max(askedMs, Math.round(fullMs * (1 - Math.random() * 0.25))));
}
