/**
 * What gitsync needs of a git host, whichever it is. GitHub is one; another host is another class behind this interface and a line in
 * git-providers.ts.
 *
 * Promises of an implementation: every call ends by its signal, or by itself within `CALL_TIMEOUT_MS`; nothing is read beyond its bound; what went wrong is one of the errors
 * in errors.ts; tokens appear in no error. Refuses to retry: the refresh decides when to ask again.
 */
import type { PullRequest, TokenPair } from '@parley/diff-status';

/** One HTTP call gives up after this. */
export const CALL_TIMEOUT_MS = 15_000;

/** On whose behalf a call is made, and until when. */
export interface CallContext {
  readonly accessToken: string;
  readonly signal: AbortSignal;
}

export interface RepositoryRef {
  readonly owner: string;
  readonly name: string;
}

export interface BranchRef extends RepositoryRef {
  readonly branch: string;
}

export interface PullRequestRef extends RepositoryRef {
  readonly number: number;
}

export interface GitProvider {
  /** Shown to clients, such as `github`. */
  readonly name: string;
  /** `https://github.com`: what accounts are linked to, and whose repositories are ours. */
  readonly origin: string;
  /** Null when the URL is no pull request of this host. */
  parsePullRequestUrl(url: string): PullRequestRef | null;
  /** The open pull request of the branch that was updated last; null when there is none. */
  findPullRequest(branch: BranchRef, context: CallContext): Promise<PullRequestRef | null>;
  /** @throws NotFoundError */
  readPullRequest(ref: PullRequestRef, context: CallContext): Promise<PullRequest>;
  /** A unified diff. @throws NotFoundError, DiffTooLargeError */
  readPullRequestDiff(ref: PullRequestRef, context: CallContext): Promise<string>;
  /** The branch against the default branch. @throws NotFoundError, DiffTooLargeError */
  readBranchDiff(branch: BranchRef, context: CallContext): Promise<string>;
  /** A new pair for an expiring one. @throws TokenRejectedError when the user must link again */
  exchangeToken(refreshToken: string, signal: AbortSignal): Promise<TokenPair>;
}
