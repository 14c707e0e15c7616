/** When a failed attempt is tried again (`chat-api` section 5.3). The count itself is stored in the chat's row. */

/** Attempts at one history, the first included. */
export const MAX_ATTEMPTS = 25;

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;
/** A provider that asks for more is not obeyed to the letter: a chat must not sleep for days on a faulty header. */
const MAX_RETRY_AFTER_MS = 60 * 60_000;

/**
 * Milliseconds to wait after attempt number `attempt` (1 is the first) failed: one second, doubled each time, at most a minute,
 * less up to a quarter at random; the provider's own wish when it is longer.
 * @param options.random returns a number in [0, 1)
 */
export function retryDelayMs(
  attempt: number,
  options: { readonly retryAfterMs?: number | undefined; readonly random: () => number },
): number {
  const doublings = Math.min(Math.max(attempt - 1, 0), 16);
  const nominalMs = Math.min(FIRST_DELAY_MS * 2 ** doublings, MAX_DELAY_MS);
  const delayMs = Math.round(nominalMs * (1 - options.random() / 4));
  return Math.max(delayMs, Math.min(options.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
}
