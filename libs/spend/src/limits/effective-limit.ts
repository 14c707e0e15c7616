/**
 * Which limit holds for a user: the user's own, else the smallest of the user's groups, else the deployment's. While the deployment
 * has none, limits are off for all.
 */
import type { LimitPeriod } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';

export interface EffectiveLimit {
  readonly limitMicros: number;
  readonly period: LimitPeriod;
  /** A group's limit counts only what is spent in its organization; null: all organizations, so that nobody spreads use over them. */
  readonly organizationId: string | null;
}

const SELECT_ARE_ON = sql(
  'limits_are_on',
  'select exists (select from chat_usage_limit_config where default_limit_micros is not null) as are_on',
);

/** Whether the deployment limits anybody at all. */
export async function readAreLimitsOn(database: Queryable): Promise<boolean> {
  const [row] = await database.query<{ are_on: boolean }>(SELECT_ARE_ON, []);
  return row?.are_on === true;
}

const SELECT_EFFECTIVE = sql(
  'limits_effective',
  `select coalesce(u.chat_spend_limit_micros, g.limit_micros, k.default_limit_micros) as limit_micros, k.period,
    case when u.chat_spend_limit_micros is null then g.organization_id end as organization_id
  from chat_usage_limit_config k
    left join users u on u.id = $1
    left join lateral (
      select g.chat_spend_limit_micros as limit_micros, g.organization_id
      from group_members m join groups g on g.id = m.group_id
      where m.user_id = $1 and g.chat_spend_limit_micros is not null
      order by g.chat_spend_limit_micros, g.id limit 1
    ) g on true
  where k.default_limit_micros is not null`,
);

interface EffectiveRow {
  limit_micros: number;
  period: LimitPeriod;
  organization_id: string | null;
}

/** Null when limits are off. */
export async function readEffectiveLimit(
  database: Queryable,
  userId: string,
): Promise<EffectiveLimit | null> {
  const [row] = await database.query<EffectiveRow>(SELECT_EFFECTIVE, [userId]);
  if (row === undefined) return null;
  return { limitMicros: row.limit_micros, period: row.period, organizationId: row.organization_id };
}
