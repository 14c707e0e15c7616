/**
 * `GET /chats/insights/pull-requests`: what became of the pull requests of chats that were created in a period. Each pull request
 * counts once, however many chats worked on it. Money is in micro-dollars; rates are shares from 0 to 1, 0 of nothing.
 */
import { z } from 'zod';
import { pullRequestState } from './diff-status';
import { timestamp, uuid } from './strings';

const count = z.number().int();

/** `prev_…`: the same of the period of equal length before. */
export const pullRequestSummary = z.object({
  total_prs_created: count,
  total_prs_merged: count,
  merge_rate: z.number(),
  total_additions: count,
  total_deletions: count,
  total_cost_micros: count,
  cost_per_merged_pr_micros: count,
  approval_rate: z.number(),
  prev_total_prs_created: count,
  prev_total_prs_merged: count,
  prev_merge_rate: z.number(),
  prev_cost_per_merged_pr_micros: count,
});

/** A day in UTC with at least one pull request. */
export const pullRequestDay = z.object({
  date: timestamp(),
  prs_created: count,
  prs_merged: count,
  prs_closed: count,
});

/** `Unknown`: the model was deleted. */
export const pullRequestsOfModel = z.object({
  model_config_id: uuid(),
  display_name: z.string(),
  provider: z.string(),
  total_prs: count,
  merged_prs: count,
  merge_rate: z.number(),
  total_additions: count,
  total_deletions: count,
  total_cost_micros: count,
  cost_per_merged_pr_micros: count,
});

export const recentPullRequest = z.object({
  chat_id: uuid(),
  pr_title: z.string(),
  pr_url: z.string().optional(),
  pr_number: count.optional(),
  state: pullRequestState,
  draft: z.boolean(),
  additions: count,
  deletions: count,
  changed_files: count,
  commits: count.optional(),
  approved: z.boolean().optional(),
  changes_requested: z.boolean(),
  reviewer_count: count.optional(),
  author_login: z.string().optional(),
  author_avatar_url: z.string().optional(),
  base_branch: z.string(),
  model_display_name: z.string(),
  cost_micros: count,
  created_at: timestamp(),
});

export const pullRequestInsights = z.object({
  summary: pullRequestSummary,
  time_series: z.array(pullRequestDay),
  by_model: z.array(pullRequestsOfModel),
  recent_prs: z.array(recentPullRequest),
});
export type PullRequestInsights = z.infer<typeof pullRequestInsights>;
