/** Recent pull requests as clients see them, and the two quotients of insights. */
import type { PullRequestInsights, PullRequestState } from '@parley/contracts';

export interface RecentRow {
  chat_id: string;
  title: string;
  url: string | null;
  number: number | null;
  state: PullRequestState;
  draft: boolean;
  additions: number;
  deletions: number;
  changed_files: number;
  commits: number | null;
  approved: boolean | null;
  changes_requested: boolean;
  reviewer_count: number | null;
  author_login: string | null;
  author_avatar_url: string | null;
  base_branch: string | null;
  model: string;
  cost: number;
  created_at: string;
}

export function toRecent(row: RecentRow): PullRequestInsights['recent_prs'][number] {
  return {
    chat_id: row.chat_id,
    pr_title: row.title,
    ...(row.url !== null && row.url !== '' && { pr_url: row.url }),
    ...(row.number !== null && { pr_number: row.number }),
    state: row.state,
    draft: row.draft,
    additions: row.additions,
    deletions: row.deletions,
    changed_files: row.changed_files,
    ...(row.commits !== null && { commits: row.commits }),
    ...(row.approved !== null && { approved: row.approved }),
    changes_requested: row.changes_requested,
    ...(row.reviewer_count !== null && { reviewer_count: row.reviewer_count }),
    ...(row.author_login !== null && { author_login: row.author_login }),
    ...(row.author_avatar_url !== null && { author_avatar_url: row.author_avatar_url }),
    base_branch: row.base_branch ?? '',
    model_display_name: row.model,
    cost_micros: row.cost,
    created_at: new Date(row.created_at).toISOString(),
  };
}

/** 0 of nothing. */
export const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

/** Whole micro-dollars, rounded down; 0 for none. */
export const costPer = (costMicros: number, count: number): number =>
  count === 0 ? 0 : Math.floor(costMicros / count);
