/** What administrators set: the deployment's limit, and those of groups and users. Every write tells the caches of all processes. */
import type { Bus } from '@parley/bus';
import {
  subjects,
  type UpdateUsageLimitRequest,
  type UsageLimitConfig,
  type UsageLimitGroupOverride,
  type UsageLimitOverride,
  type UsageLimits,
} from '@parley/contracts';
import { sql, type Database } from '@parley/database';

const USER_COLUMNS = `u.id as user_id, u.username, u.name, '' as avatar_url, u.chat_spend_limit_micros as spend_limit_micros`;
const GROUP_COLUMNS = `g.id as group_id, g.name as group_name, g.display_name as group_display_name, '' as group_avatar_url,
  (select count(*) from group_members m where m.group_id = g.id) as member_count, g.chat_spend_limit_micros as spend_limit_micros`;

const SELECT_CONFIG = sql(
  'limits_select_config',
  `select k.default_limit_micros as spend_limit_micros, coalesce(k.period, 'month') as period, coalesce(k.updated_at, now()) as updated_at,
    (select count(*) from chat_model_configs m where m.enabled and not m.deleted and num_nonnulls(
      m.input_price_per_million_tokens, m.output_price_per_million_tokens,
      m.cache_read_price_per_million_tokens, m.cache_write_price_per_million_tokens) = 0) as unpriced_model_count,
    coalesce((select jsonb_agg(to_jsonb(o) order by o.username) from (
      select ${USER_COLUMNS} from users u where u.chat_spend_limit_micros is not null) o), '[]') as overrides,
    coalesce((select jsonb_agg(to_jsonb(o) order by o.group_name) from (
      select ${GROUP_COLUMNS} from groups g where g.chat_spend_limit_micros is not null) o), '[]') as group_overrides
  from (values (true)) one left join chat_usage_limit_config k on true`,
);

const UPSERT_CONFIG = sql(
  'limits_upsert_config',
  `insert into chat_usage_limit_config as k (default_limit_micros, period) values ($1, $2)
  on conflict (is_only_row) do update set default_limit_micros = $1, period = $2, updated_at = now()
  returning k.default_limit_micros as spend_limit_micros, k.period, k.updated_at`,
);

const UPDATE_USER = sql(
  'limits_update_user',
  `update users u set chat_spend_limit_micros = $2, updated_at = now()
  where u.id = $1 and ($2::bigint is not null or u.chat_spend_limit_micros is not null) returning ${USER_COLUMNS}`,
);

const UPDATE_GROUP = sql(
  'limits_update_group',
  `update groups g set chat_spend_limit_micros = $2, updated_at = now()
  where g.id = $1 and ($2::bigint is not null or g.chat_spend_limit_micros is not null) returning ${GROUP_COLUMNS}`,
);

type Dated<T extends { updated_at: string }> = Omit<T, 'updated_at'> & { updated_at: Date };
const dated = <T extends { updated_at: Date }>(row: T) => ({
  ...row,
  updated_at: row.updated_at.toISOString(),
});

export class UsageLimitSettings {
  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
  ) {}

  async read(): Promise<UsageLimits> {
    const [row] = await this.database.query<Dated<UsageLimits>>(SELECT_CONFIG, []);
    if (row === undefined) throw new Error('The limits returned no row');
    return dated(row);
  }

  async update(input: UpdateUsageLimitRequest): Promise<UsageLimitConfig> {
    const { spend_limit_micros: limitMicros, period } = input;
    const [row] = await this.database.query<Dated<UsageLimitConfig>>(UPSERT_CONFIG, [limitMicros, period]);
    if (row === undefined) throw new Error('An upsert returned no row');
    this.announce();
    return dated(row);
  }

  /** Null removes the override. Undefined when there is no such user, or nothing to remove. */
  async setUserLimit(userId: string, limitMicros: number | null): Promise<UsageLimitOverride | undefined> {
    const [row] = await this.database.query<UsageLimitOverride>(UPDATE_USER, [userId, limitMicros]);
    if (row !== undefined) this.announce();
    return row;
  }

  /** Null removes the override. Undefined when there is no such group, or nothing to remove. */
  async setGroupLimit(
    groupId: string,
    limitMicros: number | null,
  ): Promise<UsageLimitGroupOverride | undefined> {
    const [row] = await this.database.query<UsageLimitGroupOverride>(UPDATE_GROUP, [groupId, limitMicros]);
    if (row !== undefined) this.announce();
    return row;
  }

  private announce(): void {
    this.bus.publish(subjects.configChanged('usage_limits'), {});
  }
}
