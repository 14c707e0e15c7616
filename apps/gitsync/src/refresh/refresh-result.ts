/**
 * How a refresh ended, and when the row is due again: the one table of gitsync's waits.
 *
 * A branch that was just pushed gets its pull request within seconds, so it is asked for often for two minutes after its last
 * mark, about eight times a push. A merged pull request cannot change its state any more: it is looked at rarely, and at once
 * when a mark says so.
 */
import type { PullRequestState } from '@parley/contracts';
import { CLAIM_LEASE_MS } from '@parley/diff-status';

export type RefreshResult =
  | 'pull_request'
  | 'no_pull_request'
  | 'cleared'
  | 'unknown_provider'
  | 'no_token'
  | 'token_rejected'
  | 'token_busy'
  | 'rate_limited'
  | 'not_found'
  | 'failed'
  /** The claim did not stand any more: nothing was written. */
  | 'lost'
  /** Given back untouched, because the process stops or the tick took too long. */
  | 'released';

export const FRESH_MS = 120_000;
export const MERGED_FRESH_MS = 60 * 60_000;
export const QUICK_RETRY_MS = 15_000;
export const QUICK_RETRY_WINDOW_MS = 2 * 60_000;
/** Also how long a refused token is left alone. */
export const NO_TOKEN_RETRY_MS = 10 * 60_000;
/** Beyond what the host says, so that several replicas and clocks do not run into the limit again at its very end. */
export const RATE_LIMIT_PADDING_MS = 5 * 60_000;

/** Whether the branch was pushed, or its pull request lost, so lately that a pull request may appear any moment. */
export function isRecentlyMarked({ markedAt, now }: { markedAt: Date; now: number }): boolean {
  return now - markedAt.getTime() < QUICK_RETRY_WINDOW_MS;
}

export function freshMs(state: PullRequestState): number {
  switch (state) {
    case 'open':
    case 'closed':
      return FRESH_MS;
    case 'merged':
      return MERGED_FRESH_MS;
  }
}

/** The wait after a refresh that found no pull request. */
export function noPullRequestMs(marked: { markedAt: Date; now: number }): number {
  return isRecentlyMarked(marked) ? QUICK_RETRY_MS : CLAIM_LEASE_MS;
}

/** The wait after a refresh that learned nothing. Rate limits carry their own. */
export function retryMs(
  result: Exclude<RefreshResult, 'pull_request' | 'no_pull_request' | 'lost' | 'released'>,
): number {
  switch (result) {
    case 'no_token':
    case 'token_rejected':
    case 'unknown_provider':
      return NO_TOKEN_RETRY_MS;
    case 'cleared':
    case 'token_busy':
      return QUICK_RETRY_MS;
    case 'failed':
    case 'not_found':
      return FRESH_MS;
    case 'rate_limited':
      return RATE_LIMIT_PADDING_MS;
  }
}
