/** What a client is told when there is no diff to show, neither a new one nor one read before. */
import type { GitDiffReply, GitDiffResult } from '@parley/contracts';
import { ApiError } from '../http/api-error';

const AGAIN_SOON_S = 5;

type Refusal = Exclude<GitDiffResult, 'refreshed' | 'no_git_ref'>;

const ANSWERS: Readonly<Record<Refusal, readonly [status: number, message: string]>> = {
  busy: [503, 'The diff is being read: try again.'],
  unknown_provider: [409, 'No git provider is configured for the remote of this chat.'],
  no_token: [409, 'The owner of this chat has not linked an account of its git host.'],
  token_rejected: [409, 'The git host refused the token of the linked account: link it again.'],
  rate_limited: [503, 'The git host limits the rate of calls: try again later.'],
  not_found: [409, 'The git host does not know the branch, or hides it from the linked account.'],
  too_large: [409, 'The diff is too large to show.'],
  provider_failed: [502, 'The git host failed: try again.'],
};

/** Null: there is nothing to refuse. `reply` null: no gitsync answered. */
export function refusalOf(reply: GitDiffReply | null, now: number): ApiError | null {
  if (reply === null) return unavailable('Diffs cannot be read now.', AGAIN_SOON_S);
  if (reply.result === 'refreshed' || reply.result === 'no_git_ref') return null;
  const [status, message] = ANSWERS[reply.result];
  if (status !== 503) return new ApiError(status, message);
  const waitMs = reply.retry_at === undefined ? 0 : Date.parse(reply.retry_at) - now;
  return unavailable(message, Math.max(AGAIN_SOON_S, Math.ceil(waitMs / 1_000)));
}

const unavailable = (message: string, afterSeconds: number): ApiError =>
  new ApiError(503, message, { headers: { 'retry-after': String(afterSeconds) } });
