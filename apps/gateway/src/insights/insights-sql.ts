/**
 * The statement of pull-request insights. Parameters: the starts of the previous and of the asked period, its end, and how many
 * recent pull requests are wanted. Every CTE that is used more than once is materialized by Postgres, so each step is done once.
 */

/** The sums of a set of pull requests, as JSON fields. */
const totals = (rows: string) => `
    'created', count(*),
    'merged', count(*) filter (where ${rows}.state = 'merged'),
    'approved', count(*) filter (where ${rows}.approved),
    'additions', coalesce(sum(${rows}.additions), 0),
    'deletions', coalesce(sum(${rows}.deletions), 0),
    'cost', coalesce(sum(${rows}.cost), 0),
    'merged_cost', coalesce(sum(${rows}.cost) filter (where ${rows}.state = 'merged'), 0)`;

export const INSIGHTS = `
with newest as (
  -- Of each pull request the newest chat in each period.
  select distinct on (is_current, pr_key)
    d.chat_created_at >= $2 as is_current, d.pull_request_key as pr_key, d.chat_id, d.chat_created_at as created_at,
    d.pull_request_state as state, d.additions, d.deletions, d.approved is true as approved
  from chat_diff_statuses d
  where d.pull_request_state is not null and d.chat_created_at >= $1 and d.chat_created_at < $3
  order by is_current, pr_key, d.chat_created_at desc, d.chat_id desc
), own_costs as materialized (
  -- Of all chats of these pull requests, whenever created. From the table and not from the CTE above: its statistics tell Postgres
  -- whether few or many keys will come, and so which join to take.
  select t.pull_request_key as pr_key, t.chat_id, t.total_cost_micros as cost
  from chat_costs t
  where t.pull_request_key in (
    select d.pull_request_key from chat_diff_statuses d
    where d.pull_request_state is not null and d.chat_created_at >= $1 and d.chat_created_at < $3)
), paid as (
  select o.pr_key, o.cost from own_costs o
  union all
  select o.pr_key, k.total_cost_micros
  from chat_costs k join own_costs o on o.chat_id = k.parent_chat_id
  where k.parent_chat_id is not null and k.pull_request_key is null
), costs as (
  select p.pr_key, sum(p.cost)::bigint as cost from paid p group by p.pr_key
), prs as materialized (
  select n.*, coalesce(t.cost, 0) as cost from newest n left join costs t on t.pr_key = n.pr_key
), current_prs as materialized (
  select p.*, c.last_model_config_id as model_config_id from prs p join chats c on c.id = p.chat_id where p.is_current
), models as (
  select m.id, coalesce(nullif(m.display_name, ''), m.model) as display_name, v.type as provider
  from chat_model_configs m join chat_providers v on v.id = m.ai_provider_id where not m.deleted
), days as (
  select (p.created_at at time zone 'UTC')::date as day, count(*) as created,
    count(*) filter (where p.state = 'merged') as merged, count(*) filter (where p.state = 'closed') as closed
  from current_prs p group by 1
), of_models as (
  select p.model_config_id, count(*) as created,
    jsonb_build_object('model_config_id', p.model_config_id, 'display_name', coalesce(min(m.display_name), 'Unknown'),
      'provider', coalesce(min(m.provider), 'unknown'), ${totals('p')}) as entry
  from current_prs p left join models m on m.id = p.model_config_id group by p.model_config_id
), recent as (
  select p.chat_id, d.pull_request_title as title, d.url, d.pr_number as number, p.state,
    d.pull_request_draft as draft, d.additions, d.deletions, d.changed_files, d.commits, d.approved,
    d.changes_requested, d.reviewer_count, d.author_login, d.author_avatar_url, d.base_branch,
    coalesce(m.display_name, 'Unknown') as model, p.cost, p.created_at
  from (select * from current_prs order by created_at desc, chat_id desc limit $4) p
  join chat_diff_statuses d on d.chat_id = p.chat_id
  left join models m on m.id = p.model_config_id
)
select
  (select jsonb_build_object(${totals('p')}) from prs p where p.is_current) as current,
  (select jsonb_build_object(${totals('p')}) from prs p where not p.is_current) as previous,
  (select coalesce(jsonb_agg(d order by d.day), '[]') from days d) as days,
  (select coalesce(jsonb_agg(o.entry order by o.created desc, o.model_config_id), '[]') from of_models o) as models,
  (select coalesce(jsonb_agg(r order by r.created_at desc, r.chat_id desc), '[]') from recent r) as recent`;
