/**
 * Bodies of the cost, usage limit and group routes (`chat-api` sections 1.2 and 1.7). Money is in micro-dollars: whole millionths
 * of a US dollar. What is called a message in the summaries is a call of a model, whether it stored a message or not.
 */
import { z } from 'zod';
import { errorResponse } from './error-response';
import { queryInteger } from './http-chats';
import { plainText, timestamp, uuid } from './strings';

export const LIMIT_PERIODS = ['day', 'week', 'month'] as const;
export const limitPeriod = z.enum(LIMIT_PERIODS);
export type LimitPeriod = z.infer<typeof limitPeriod>;

const spendLimitMicros = z.int('must be a whole number of micro-dollars').min(1, 'must be greater than 0');

const optionalTimestamp = timestamp().optional();

const costQueryFields = { start_date: optionalTimestamp, end_date: optionalTimestamp };
const startsBeforeEnd = (query: { start_date?: string | undefined; end_date?: string | undefined }) =>
  query.start_date === undefined ||
  query.end_date === undefined ||
  Date.parse(query.start_date) < Date.parse(query.end_date);
const ORDER = { path: ['end_date'], message: 'must be later than start_date' };

/** Default: the last 30 days. */
export const costSummaryQuery = z.object(costQueryFields).refine(startsBeforeEnd, ORDER);
export type CostSummaryQuery = z.infer<typeof costSummaryQuery>;

export const costUsersQuery = z
  .object({
    ...costQueryFields,
    /** Part of a username, in any case. */
    username: plainText().max(128).optional(),
    limit: queryInteger({ min: 1, max: 200 }).default(50),
    offset: queryInteger({ min: 0, max: 1_000_000 }).default(0),
  })
  .refine(startsBeforeEnd, ORDER);
export type CostUsersQuery = z.infer<typeof costUsersQuery>;

/** What a chat and its subagents cost. */
export const chatCost = z.object({
  total_cost_micros: z.number().int(),
  request_count: z.number().int(),
  unpriced_request_count: z.number().int(),
});
export type ChatCost = z.infer<typeof chatCost>;

const tokenTotals = {
  total_cost_micros: z.number().int(),
  total_input_tokens: z.number().int(),
  total_output_tokens: z.number().int(),
  total_cache_read_tokens: z.number().int(),
  total_cache_creation_tokens: z.number().int(),
};
const messageCount = { message_count: z.number().int() };

export const usageLimitStatus = z.object({
  is_limited: z.boolean(),
  period: limitPeriod.optional(),
  spend_limit_micros: z.number().int().optional(),
  current_spend: z.number().int(),
  period_start: optionalTimestamp,
  period_end: optionalTimestamp,
});
export type UsageLimitStatus = z.infer<typeof usageLimitStatus>;

export const costSummary = z.object({
  start_date: timestamp(),
  end_date: timestamp(),
  ...tokenTotals,
  priced_message_count: z.number().int(),
  unpriced_message_count: z.number().int(),
  by_model: z.array(
    z.object({
      model_config_id: uuid(),
      display_name: z.string(),
      provider: z.string(),
      model: z.string(),
      ...tokenTotals,
      ...messageCount,
    }),
  ),
  /** What the calls were for: `turn`, `title`, `label`, `summary`, `proposal`, `compaction`. */
  by_purpose: z.array(z.object({ purpose: z.string(), ...tokenTotals, ...messageCount })),
  by_chat: z.array(
    z.object({ root_chat_id: uuid(), chat_title: z.string(), ...tokenTotals, ...messageCount }),
  ),
  usage_limit: usageLimitStatus.optional(),
});
export type CostSummary = z.infer<typeof costSummary>;

export const costUsers = z.object({
  start_date: timestamp(),
  end_date: timestamp(),
  /** Users on all pages. */
  count: z.number().int(),
  users: z.array(
    z.object({
      user_id: uuid(),
      username: z.string(),
      name: z.string(),
      avatar_url: z.string(),
      ...tokenTotals,
      ...messageCount,
      chat_count: z.number().int(),
    }),
  ),
});
export type CostUsers = z.infer<typeof costUsers>;

/** Null switches limits off, those of groups and users too. */
export const updateUsageLimitRequest = z.object({
  spend_limit_micros: spendLimitMicros.nullable(),
  period: limitPeriod,
});
export type UpdateUsageLimitRequest = z.infer<typeof updateUsageLimitRequest>;

export const usageLimitOverrideRequest = z.object({ spend_limit_micros: spendLimitMicros });
export type UsageLimitOverrideRequest = z.infer<typeof usageLimitOverrideRequest>;

export const usageLimitConfig = z.object({
  spend_limit_micros: z.number().int().nullable(),
  period: limitPeriod,
  updated_at: timestamp(),
});
export type UsageLimitConfig = z.infer<typeof usageLimitConfig>;

export const usageLimitOverride = z.object({
  user_id: uuid(),
  username: z.string(),
  name: z.string(),
  avatar_url: z.string(),
  spend_limit_micros: z.number().int().nullable(),
});
export type UsageLimitOverride = z.infer<typeof usageLimitOverride>;

export const usageLimitGroupOverride = z.object({
  group_id: uuid(),
  group_name: z.string(),
  group_display_name: z.string(),
  group_avatar_url: z.string(),
  member_count: z.number().int(),
  spend_limit_micros: z.number().int().nullable(),
});
export type UsageLimitGroupOverride = z.infer<typeof usageLimitGroupOverride>;

export const usageLimits = usageLimitConfig.extend({
  /** Enabled models without any price: what they do is never counted. */
  unpriced_model_count: z.number().int(),
  overrides: z.array(usageLimitOverride),
  group_overrides: z.array(usageLimitGroupOverride),
});
export type UsageLimits = z.infer<typeof usageLimits>;

/** The body of 409 for a turn that a limit refuses. */
export const usageLimitExceeded = errorResponse.extend({
  spent_micros: z.number().int(),
  limit_micros: z.number().int(),
  resets_at: timestamp(),
});
export type UsageLimitExceeded = z.infer<typeof usageLimitExceeded>;

export const createGroupRequest = z.object({
  name: plainText()
    .trim()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"'),
  display_name: plainText().trim().max(128).default(''),
});
export type CreateGroupRequest = z.infer<typeof createGroupRequest>;

const userIds = z.array(uuid()).max(1000, 'must have at most 1000 entries').default([]);

export const updateGroupRequest = z.object({ add_users: userIds, remove_users: userIds });
export type UpdateGroupRequest = z.infer<typeof updateGroupRequest>;

export const group = z.object({
  id: uuid(),
  organization_id: uuid(),
  name: z.string(),
  display_name: z.string(),
  members: z.array(z.object({ id: uuid(), username: z.string(), name: z.string() })),
});
export type Group = z.infer<typeof group>;
