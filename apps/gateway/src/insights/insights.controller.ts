/** What became of the code that chats wrote. For administrators; to others the page does not exist. */
import { Controller, Get, Query } from '@nestjs/common';
import { costSummaryQuery, type CostSummaryQuery, type PullRequestInsights } from '@parley/contracts';
import { Database } from '@parley/database';
import type { Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { invalidField, notFound } from '../http/api-error';
import { chatApi } from '../http/paths';
import { valid } from '../http/validate';
import { toDateRange } from '../spend/date-range';
import { readPullRequestInsights } from './pull-request-insights';

const MAX_RANGE_MS = 5 * 366 * 24 * 60 * 60 * 1000;

@Controller(chatApi('chats/insights'))
export class InsightsController {
  constructor(private readonly database: Database) {}

  /** By default of the last 30 days. */
  @Get('pull-requests')
  async pullRequests(
    @CurrentActor() actor: Actor,
    @Query(valid(costSummaryQuery)) query: CostSummaryQuery,
  ): Promise<PullRequestInsights> {
    if (!actor.isAdmin) throw notFound('page');
    const range = toDateRange(query);
    const lengthMs = range.end.getTime() - range.start.getTime();
    if (lengthMs <= 0) throw invalidField('start_date', 'must be in the past, or before end_date');
    if (lengthMs > MAX_RANGE_MS)
      throw invalidField('start_date', 'must be at most five years before end_date');
    return readPullRequestInsights(this.database, range);
  }
}
