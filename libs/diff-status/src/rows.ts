/** The one mapping of a row of `chat_diff_statuses`: inside the program, and to what clients see. */
import type { ChatDiffStatus, PullRequestState } from '@parley/contracts';
import { branchUrl, parseRemoteOrigin } from './remote-origin';

/** A pull request as its host tells it, with the verdict of its reviews. */
export interface PullRequest {
  readonly url: string;
  readonly number: number;
  readonly state: PullRequestState;
  readonly title: string;
  readonly isDraft: boolean;
  readonly additions: number;
  readonly deletions: number;
  readonly changedFiles: number;
  readonly commits: number;
  readonly authorLogin: string | null;
  readonly authorAvatarUrl: string | null;
  readonly baseBranch: string;
  readonly headBranch: string;
  readonly approved: boolean;
  readonly changesRequested: boolean;
  readonly reviewerCount: number;
}

const COLUMNS = [
  'chat_id',
  'git_branch',
  'git_remote_origin',
  'url',
  'pull_request_state',
  'pull_request_title',
  'pull_request_draft',
  'changes_requested',
  'approved',
  'reviewer_count',
  'additions',
  'deletions',
  'changed_files',
  'commits',
  'pr_number',
  'author_login',
  'author_avatar_url',
  'base_branch',
  'head_branch',
  'refreshed_at',
  'stale_at',
  'marked_at',
  'mark_version',
] as const;

/** The columns of `DiffStatusRow`, selected from the table called `alias`. */
export const diffStatusColumns = (alias: string): string =>
  COLUMNS.map((column) => `${alias}.${column}`).join(', ');

export interface DiffStatusRow {
  chat_id: string;
  git_branch: string;
  git_remote_origin: string;
  url: string | null;
  pull_request_state: PullRequestState | null;
  pull_request_title: string;
  pull_request_draft: boolean;
  changes_requested: boolean;
  approved: boolean | null;
  reviewer_count: number | null;
  additions: number;
  deletions: number;
  changed_files: number;
  commits: number | null;
  pr_number: number | null;
  author_login: string | null;
  author_avatar_url: string | null;
  base_branch: string | null;
  head_branch: string | null;
  refreshed_at: Date | null;
  stale_at: Date;
  marked_at: Date;
  mark_version: number;
}

export function toChatDiffStatus(row: DiffStatusRow): ChatDiffStatus {
  const remote = parseRemoteOrigin(row.git_remote_origin);
  const url = row.url ?? (remote && branchUrl(remote, row.git_branch));
  return {
    chat_id: row.chat_id,
    ...(url !== null && { url }),
    ...(row.pull_request_state !== null && { pull_request_state: row.pull_request_state }),
    pull_request_title: row.pull_request_title,
    pull_request_draft: row.pull_request_draft,
    changes_requested: row.changes_requested,
    additions: row.additions,
    deletions: row.deletions,
    changed_files: row.changed_files,
    ...(row.author_login !== null && { author_login: row.author_login }),
    ...(row.author_avatar_url !== null && { author_avatar_url: row.author_avatar_url }),
    ...(row.base_branch !== null && { base_branch: row.base_branch }),
    head_branch: row.head_branch ?? row.git_branch,
    ...(row.pr_number !== null && { pr_number: row.pr_number }),
    ...(row.commits !== null && { commits: row.commits }),
    ...(row.approved !== null && { approved: row.approved }),
    ...(row.reviewer_count !== null && { reviewer_count: row.reviewer_count }),
    ...(row.refreshed_at !== null && { refreshed_at: row.refreshed_at.toISOString() }),
    stale_at: row.stale_at.toISOString(),
  };
}

/** The stored pull request, as far as a refresh compares it; null when the row has none. */
export function storedPullRequest(row: DiffStatusRow): PullRequest | null {
  if (row.url === null || row.pull_request_state === null) return null;
  return {
    url: row.url,
    number: row.pr_number ?? 0,
    state: row.pull_request_state,
    title: row.pull_request_title,
    isDraft: row.pull_request_draft,
    additions: row.additions,
    deletions: row.deletions,
    changedFiles: row.changed_files,
    commits: row.commits ?? 0,
    authorLogin: row.author_login,
    authorAvatarUrl: row.author_avatar_url,
    baseBranch: row.base_branch ?? '',
    headBranch: row.head_branch ?? '',
    approved: row.approved ?? false,
    changesRequested: row.changes_requested,
    reviewerCount: row.reviewer_count ?? 0,
  };
}
