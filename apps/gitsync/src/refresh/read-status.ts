/**
 * What a host knows of a chat's branch: its pull request, or none.
 *
 * A pull request that is recorded is read by its URL. It no longer counts when it is gone or is of another branch; and when it is
 * closed or merged and the branch was pushed since, a newer one is looked for, and taken if there is one.
 */
import { parseRemoteOrigin, type DiffStatusRow, type PullRequest } from '@parley/diff-status';
import { NotFoundError } from '../provider/errors';
import type { BranchRef, CallContext, GitProvider, PullRequestRef } from '../provider/git-provider';
import { isRecentlyMarked } from './refresh-result';

export interface StatusQuestion {
  readonly provider: GitProvider;
  readonly row: DiffStatusRow;
  readonly context: CallContext;
  readonly now: number;
}

/** Null: the branch has no pull request. @throws the errors of the provider */
export async function readStatus(question: StatusQuestion): Promise<PullRequest | null> {
  const { provider, row, context, now } = question;
  const recorded = row.url === null ? null : provider.parsePullRequestUrl(row.url);
  if (recorded === null) return findPullRequest(question);
  const pullRequest = await orNull(provider.readPullRequest(recorded, context));
  if (pullRequest === null || pullRequest.headBranch !== row.git_branch) {
    return orNull(findPullRequest(question));
  }
  if (pullRequest.state === 'open' || !isRecentlyMarked({ markedAt: row.marked_at, now })) return pullRequest;
  return (await orNull(findPullRequest(question))) ?? pullRequest;
}

/** The diff of the pull request, or of the branch against the default branch. */
export function readDiffText(
  { provider, row, context }: StatusQuestion,
  pullRequest: PullRequest | null,
): Promise<string> {
  const ref: PullRequestRef | null = pullRequest && provider.parsePullRequestUrl(pullRequest.url);
  return ref === null
    ? provider.readBranchDiff(branchOf(row), context)
    : provider.readPullRequestDiff(ref, context);
}

async function findPullRequest({ provider, row, context }: StatusQuestion): Promise<PullRequest | null> {
  const found = await provider.findPullRequest(branchOf(row), context);
  return found && provider.readPullRequest(found, context);
}

function branchOf(row: DiffStatusRow): BranchRef {
  const remote = parseRemoteOrigin(row.git_remote_origin);
  if (remote === null) throw new NotFoundError();
  return { owner: remote.owner, name: remote.name, branch: row.git_branch };
}

async function orNull<T>(promise: Promise<T>): Promise<T | null> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof NotFoundError) return null;
    throw error;
  }
}
