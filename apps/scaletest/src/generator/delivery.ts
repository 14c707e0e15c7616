/**
 * Makes a call that changes something until it is known to have happened once: refused connections and rate limits are tried again,
 * and after a failure that may hide a success the state is looked at first, since sending twice would be the generator's own fault.
 * An answer with a 5xx is tried again too, and noted (`server-errors.ts`): the load goes on, and nothing is hidden.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { RefusedError } from './errors';
import { type Call, type HttpClient, NoReplyError, type Reply } from './http-client';

export interface DeliveryCounts {
  retries: number;
  rateLimited: number;
  /** Calls whose reply was lost although they had happened. */
  confirmed: number;
}

export interface Delivery {
  readonly call: Call;
  readonly giveUpAfterMs: number;
  readonly signal: AbortSignal;
  /** True when the call has happened after all. Rejects when that cannot be found out now. */
  readonly hasHappened: () => Promise<boolean>;
}

const RETRY_MS = 150;
const MAX_RATE_LIMIT_WAIT_MS = 60_000;

/**
 * @returns null when the reply is lost but the call has happened
 * @throws RefusedError, NoReplyError when it was given up, and the signal's reason
 */
export async function deliver(
  client: HttpClient,
  { call, giveUpAfterMs, signal, hasHappened }: Delivery,
  counts: DeliveryCounts,
): Promise<Reply | null> {
  const givesUpAt = performance.now() + giveUpAfterMs;
  for (;;) {
    signal.throwIfAborted();
    const result = await attempt(client, call);
    if (!(result instanceof NoReplyError) && result.status < 300) return result;
    const isLimited = !(result instanceof NoReplyError) && result.status === 429;
    if (!(result instanceof NoReplyError) && result.status < 500 && !isLimited)
      throw new RefusedError(`${call.method} ${call.path}`, result.status, result.text);
    if (performance.now() > givesUpAt) throw toError(call, result);
    if (isLimited) counts.rateLimited += 1;
    else counts.retries += 1;
    const waitMs = result instanceof NoReplyError ? RETRY_MS : Math.max(RETRY_MS, result.retryAfterMs);
    await delay(Math.min(waitMs, MAX_RATE_LIMIT_WAIT_MS), undefined, { signal });
    const isCertain = isLimited || (result instanceof NoReplyError && result.wasRefused);
    if (!isCertain && (await lookUntilKnown(hasHappened, givesUpAt, signal))) {
      counts.confirmed += 1;
      return null;
    }
  }
}

async function attempt(client: HttpClient, call: Call): Promise<Reply | NoReplyError> {
  try {
    return await client.call(call);
  } catch (error) {
    if (error instanceof NoReplyError) return error;
    throw error;
  }
}

async function lookUntilKnown(
  look: () => Promise<boolean>,
  givesUpAt: number,
  signal: AbortSignal,
): Promise<boolean> {
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > givesUpAt) throw error;
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}

function toError(call: Call, result: Reply | NoReplyError): Error {
  return result instanceof NoReplyError
    ? result
    : new RefusedError(`${call.method} ${call.path}`, result.status, result.text);
}
