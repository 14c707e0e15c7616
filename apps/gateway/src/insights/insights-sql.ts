/**
 * The statement of pull-request insights. Parameters: the starts of the previous and of the asked period, its end, and how many
 * recent pull requests are wanted. Each pull request of the two periods is read once, by its newest chat in the period, into a few
 * sums for each day and model; everything else but the recent ones is made of those.
 */

/** The sums of a set of cells, as JSON fields. */
const totals = (rows: string) => `
    'created', coalesce(sum(${rows}.created), 0),
    'merged', coalesce(sum(${rows}.merged), 0),
    'approved', coalesce(sum(${rows}.approved), 0),
    'additions', coalesce(sum(${rows}.additions), 0),
    'deletions', coalesce(sum(${rows}.deletions), 0),
    'cost', coalesce(sum(${rows}.cost), 0),
    'merged_cost', coalesce(sum(${rows}.merged_cost), 0)`;

/** The newest chat of its pull request among those created before `end`. */
const isNewestBefore = (end: string) => `(p.next_created_at is null or p.next_created_at >= ${end})`;

export const INSIGHTS = `
with prs as (
  select true as is_current, (p.chat_created_at at time zone 'UTC')::date as day, p.*
  from pull_request_chats p
  where p.chat_created_at >= $2 and p.chat_created_at < $3 and ${isNewestBefore('$3')}
  union all
  select false, null, p.*
  from pull_request_chats p
  where p.chat_created_at >= $1 and p.chat_created_at < $2 and ${isNewestBefore('$2')}
), cells as materialized (
  select p.is_current, p.day, p.model_config_id,
    count(*) as created,
    count(*) filter (where p.state = 'merged') as merged,
    count(*) filter (where p.state = 'closed') as closed,
    count(*) filter (where p.approved) as approved,
    sum(p.additions) as additions,
    sum(p.deletions) as deletions,
    sum(c.total_cost_micros)::bigint as cost,
    sum(c.total_cost_micros) filter (where p.state = 'merged')::bigint as merged_cost
  from prs p join pull_request_costs c on c.pull_request_key = p.pull_request_key
  group by p.is_current, p.day, p.model_config_id
), models as (
  select m.id, coalesce(nullif(m.display_name, ''), m.model) as display_name, v.type as provider
  from chat_model_configs m join chat_providers v on v.id = m.ai_provider_id where not m.deleted
), days as (
  select c.day, sum(c.created) as created, sum(c.merged) as merged, sum(c.closed) as closed
  from cells c where c.is_current group by c.day
), of_models as (
  select c.model_config_id, sum(c.created) as created,
    jsonb_build_object('model_config_id', c.model_config_id, 'display_name', coalesce(min(m.display_name), 'Unknown'),
      'provider', coalesce(min(m.provider), 'unknown'), ${totals('c')}) as entry
  from cells c left join models m on m.id = c.model_config_id where c.is_current group by c.model_config_id
), recent as (
  select p.chat_id, d.pull_request_title as title, d.url, d.pr_number as number, p.state,
    d.pull_request_draft as draft, p.additions, p.deletions, d.changed_files, d.commits, d.approved,
    d.changes_requested, d.reviewer_count, d.author_login, d.author_avatar_url, d.base_branch,
    coalesce(m.display_name, 'Unknown') as model, c.total_cost_micros as cost, p.chat_created_at as created_at
  from (
    select p.* from pull_request_chats p
    where p.chat_created_at >= $2 and p.chat_created_at < $3 and ${isNewestBefore('$3')}
    order by p.chat_created_at desc, p.chat_id desc limit $4
  ) p
  join chat_diff_statuses d on d.chat_id = p.chat_id
  join pull_request_costs c on c.pull_request_key = p.pull_request_key
  left join models m on m.id = p.model_config_id
)
select
  (select jsonb_build_object(${totals('c')}) from cells c where c.is_current) as current,
  (select jsonb_build_object(${totals('c')}) from cells c where not c.is_current) as previous,
  (select coalesce(jsonb_agg(d order by d.day), '[]') from days d) as days,
  (select coalesce(jsonb_agg(o.entry order by o.created desc, o.model_config_id), '[]') from of_models o) as models,
  (select coalesce(jsonb_agg(r order by r.created_at desc, r.chat_id desc), '[]') from recent r) as recent`;
