/**
 * Pull-request insights of a period, and its sums for the period before, in one statement: one snapshot, one connection, and the
 * costs are added up once instead of once for each part of the answer.
 *
 * A chat belongs to a period by when it was created, and counts if it has a pull request. Chats with the same URL are one pull
 * request (a chat without a URL is one of its own), described by the newest of those in the period. Its cost is that of all
 * chats with that URL, whenever they were created, and of their children that have no pull request of their own; so no chat is
 * paid for twice.
 */
import type { PullRequestInsights } from '@parley/contracts';
import { sql, type Database } from '@parley/database';
import type { DateRange } from '@parley/spend';
import { INSIGHTS } from './insights-sql';
import { costPer, share, toRecent, type RecentRow } from './insight-shapes';

/** How many recent pull requests are shown. */
export const MAX_RECENT = 20;

const READ_INSIGHTS = sql('read_pull_request_insights', INSIGHTS);

// For the transaction only. A plan for any period would be one for a short period, many times too slow for a year; and what a
// year sorts and hashes fits into this memory.
const PLAN_FOR_THIS_PERIOD = sql(
  'plan_pull_request_insights',
  `select set_config('plan_cache_mode', 'force_custom_plan', true), set_config('work_mem', '64MB', true),
     set_config('jit', 'off', true)`,
);

interface Totals {
  created: number;
  merged: number;
  approved: number;
  additions: number;
  deletions: number;
  cost: number;
  merged_cost: number;
}

interface InsightsRow {
  current: Totals;
  previous: Totals;
  days: { day: string; created: number; merged: number; closed: number }[];
  models: (Totals & { model_config_id: string; display_name: string; provider: string })[];
  recent: RecentRow[];
}

/** Of the pull requests of chats created from `start` until before `end`. */
export async function readPullRequestInsights(
  database: Database,
  { start, end }: DateRange,
): Promise<PullRequestInsights> {
  const previousStart = new Date(2 * start.getTime() - end.getTime());
  const values = [previousStart, start, end, MAX_RECENT];
  const [row] = await database.transaction(async (tx) => {
    await tx.query(PLAN_FOR_THIS_PERIOD, []);
    return tx.query<InsightsRow>(READ_INSIGHTS, values);
  }, 'read-only snapshot');
  if (row === undefined) throw new Error('A statement of sums returned no row');
  return toInsights(row);
}

function toInsights({ current, previous, days, models, recent }: InsightsRow): PullRequestInsights {
  return {
    summary: {
      total_prs_created: current.created,
      total_prs_merged: current.merged,
      merge_rate: share(current.merged, current.created),
      total_additions: current.additions,
      total_deletions: current.deletions,
      total_cost_micros: current.cost,
      cost_per_merged_pr_micros: costPer(current.merged_cost, current.merged),
      approval_rate: share(current.approved, current.created),
      prev_total_prs_created: previous.created,
      prev_total_prs_merged: previous.merged,
      prev_merge_rate: share(previous.merged, previous.created),
      prev_cost_per_merged_pr_micros: costPer(previous.merged_cost, previous.merged),
    },
    time_series: days.map(({ day, created, merged, closed }) => ({
      date: `${day}T00:00:00.000Z`,
      prs_created: created,
      prs_merged: merged,
      prs_closed: closed,
    })),
    by_model: models.map((model) => ({
      model_config_id: model.model_config_id,
      display_name: model.display_name,
      provider: model.provider,
      total_prs: model.created,
      merged_prs: model.merged,
      merge_rate: share(model.merged, model.created),
      total_additions: model.additions,
      total_deletions: model.deletions,
      total_cost_micros: model.cost,
      cost_per_merged_pr_micros: costPer(model.merged_cost, model.merged),
    })),
    recent_prs: recent.map(toRecent),
  };
}
