/**
 * Why: insights of a year, over 100,000 pull requests, sorted and joined all of them each time somebody looked. Now what can be known
 * when something changes is kept then: what each pull request has cost, and for each of its chats the next newer one. The newest
 * chat of a period is so found without sorting, and a period is one pass over narrow rows.
 *
 * All of it is derived from `chat_diff_statuses`, `chats` and `chat_costs`, by triggers. Storing a message of a chat without a pull
 * request is as before. With one, the sum of the pull request is a second row to count up; in return `chat_costs` loses the
 * index that made each of its updates write to an index.
 *
 * Locks are taken in one order, so that no two wait for each other: keys of pull requests (advisory, in their order), chats,
 * `chat_costs`, `pull_request_costs`. Whoever holds one of the last asks for none before it.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class PullRequestSums1764720000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const step of [TABLES, COSTS, PAYERS, CHATS, BACKFILL]) await runner.query(step);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

const TABLES = `
create table pull_request_costs (
  pull_request_key uuid primary key,
  total_cost_micros bigint not null
) with (fillfactor = 70);

create table pull_request_chats (
  chat_id uuid primary key,
  pull_request_key uuid not null,
  chat_created_at timestamptz not null,
  -- Of the next newer chat of the same pull request; null: this is the newest. Of several that were created in the same instant the
  -- one with the highest id is the newest.
  next_created_at timestamptz,
  state text not null,
  additions integer not null,
  deletions integer not null,
  approved boolean not null,
  model_config_id uuid not null
) with (fillfactor = 90);
-- serves: insights (a period; the newest of it first)
create index pull_request_chats_by_creation on pull_request_chats (chat_created_at, chat_id);
-- serves: sync_pull_request_of_chat (the chats of one pull request)
create index pull_request_chats_by_key on pull_request_chats (pull_request_key);

-- The pull request that pays: the chat's own, or else that of its parent.
alter table chat_costs add column payer_key uuid;
drop index chat_costs_pull_request;
`;

const COSTS = `
create function add_pull_request_cost() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.payer_key is not distinct from old.payer_key then
    update pull_request_costs set total_cost_micros = total_cost_micros + new.total_cost_micros - old.total_cost_micros
    where pull_request_key = new.payer_key;
    return null;
  end if;
  if tg_op <> 'INSERT' and old.payer_key is not null then
    update pull_request_costs set total_cost_micros = total_cost_micros - old.total_cost_micros
    where pull_request_key = old.payer_key;
  end if;
  if tg_op <> 'DELETE' and new.payer_key is not null then
    insert into pull_request_costs as p (pull_request_key, total_cost_micros)
    values (new.payer_key, new.total_cost_micros)
    on conflict (pull_request_key) do update set total_cost_micros = p.total_cost_micros + excluded.total_cost_micros;
  end if;
  return null;
end $$;
create trigger chat_costs_insert_pull_request after insert on chat_costs
  for each row when (new.payer_key is not null) execute function add_pull_request_cost();
create trigger chat_costs_change_pull_request after update on chat_costs
  for each row when (
    new.payer_key is distinct from old.payer_key
    or (new.payer_key is not null and new.total_cost_micros <> old.total_cost_micros))
  execute function add_pull_request_cost();
create trigger chat_costs_delete_pull_request after delete on chat_costs
  for each row when (old.payer_key is not null) execute function add_pull_request_cost();
`;

const PAYERS = `
create or replace function add_chat_cost(chat uuid, micros bigint) returns void language plpgsql as $$
begin
  update chat_costs set total_cost_micros = total_cost_micros + micros where chat_id = chat;
  if found then return; end if;
  -- Until this is committed the parent gets no other pull request.
  perform 1 from chats p join chats c on c.parent_chat_id = p.id where c.id = chat for key share of p;
  insert into chat_costs as c (chat_id, parent_chat_id, payer_key, total_cost_micros)
  select k.id, k.parent_chat_id, p.pull_request_key, micros
  from chats k left join chat_costs p on p.chat_id = k.parent_chat_id where k.id = chat
  on conflict (chat_id) do update set total_cost_micros = c.total_cost_micros + excluded.total_cost_micros;
end $$;

-- A chat whose parent is removed is nobody's child.
create function forget_payer() returns trigger language plpgsql as $$
begin
  new.payer_key := new.pull_request_key;
  return new;
end $$;
create trigger chat_costs_forget_payer before update of parent_chat_id on chat_costs
  for each row when (new.parent_chat_id is null) execute function forget_payer();

-- Costs of the chat and of its children without a pull request of their own go to new_key, in one statement: the triggers on
-- chat_costs run when all of its rows are locked.
create function set_payer(chat uuid, new_key uuid) returns void language plpgsql as $$
begin
  insert into chat_costs (chat_id, parent_chat_id, total_cost_micros)
  select c.id, c.parent_chat_id, 0 from chats c where c.id = chat on conflict do nothing;
  update chat_costs c set
    pull_request_key = case when c.chat_id = chat then new_key else c.pull_request_key end,
    payer_key = coalesce(new_key, case when c.chat_id = chat then
      (select p.pull_request_key from chat_costs p where p.chat_id = c.parent_chat_id) end)
  where c.chat_id = chat or (c.parent_chat_id = chat and c.pull_request_key is null);
end $$;
`;

const CHATS = `
create function sync_pull_request_of_chat() returns trigger language plpgsql as $$
declare
  chat uuid := case when tg_op = 'DELETE' then old.chat_id else new.chat_id end;
  old_key uuid := case when tg_op <> 'INSERT' and old.pull_request_state is not null then old.pull_request_key end;
  new_key uuid := case when tg_op <> 'DELETE' and new.pull_request_state is not null then new.pull_request_key end;
begin
  if old_key is not distinct from new_key then
    update pull_request_chats set state = new.pull_request_state, additions = new.additions, deletions = new.deletions,
      approved = new.approved is true
    where chat_id = chat;
    return null;
  end if;
  perform pg_advisory_xact_lock(hashtextextended(k::text, 0))
  from (select k from unnest(array[old_key, new_key]) k where k is not null order by k) keys;
  perform 1 from chats where id = chat for update;
  perform 1 from chats p join chats c on c.parent_chat_id = p.id where c.id = chat for key share of p;
  delete from pull_request_chats where chat_id = chat;
  if new_key is not null then
    insert into pull_request_chats (chat_id, pull_request_key, chat_created_at, state, additions, deletions, approved, model_config_id)
    select c.id, new_key, new.chat_created_at, new.pull_request_state, new.additions, new.deletions, new.approved is true,
      c.last_model_config_id
    from chats c where c.id = chat;
  end if;
  update pull_request_chats p set next_created_at = n.next_created_at
  from (
    select chat_id, lead(chat_created_at) over (partition by pull_request_key order by chat_created_at, chat_id) as next_created_at
    from pull_request_chats where pull_request_key in (old_key, new_key)
  ) n where n.chat_id = p.chat_id and n.next_created_at is distinct from p.next_created_at;
  perform set_payer(chat, new_key);
  delete from pull_request_costs p where p.pull_request_key = old_key
    and not exists (select from pull_request_chats c where c.pull_request_key = old_key);
  return null;
end $$;

drop trigger chat_diff_statuses_insert_cost on chat_diff_statuses;
drop trigger chat_diff_statuses_change_cost on chat_diff_statuses;
drop function set_pull_request_of_cost();
create trigger chat_diff_statuses_insert_pull_request after insert on chat_diff_statuses
  for each row when (new.pull_request_state is not null) execute function sync_pull_request_of_chat();
create trigger chat_diff_statuses_change_pull_request after update on chat_diff_statuses
  for each row when (
    (new.pull_request_state is not null or old.pull_request_state is not null)
    and (new.pull_request_key, new.pull_request_state, new.additions, new.deletions, new.approved)
      is distinct from (old.pull_request_key, old.pull_request_state, old.additions, old.deletions, old.approved))
  execute function sync_pull_request_of_chat();
create trigger chat_diff_statuses_delete_pull_request after delete on chat_diff_statuses
  for each row when (old.pull_request_state is not null) execute function sync_pull_request_of_chat();

-- A turn that keeps its model, as nearly all do, does not get here.
create function set_model_of_pull_request_chat() returns trigger language plpgsql as $$
begin
  update pull_request_chats set model_config_id = new.last_model_config_id where chat_id = new.id;
  return null;
end $$;
create trigger chats_change_pull_request_model after update of last_model_config_id on chats
  for each row when (new.last_model_config_id <> old.last_model_config_id) execute function set_model_of_pull_request_chat();
`;

// After the triggers: they hold off other writers until the migration is committed, so nothing is missed or counted twice.
const BACKFILL = `
insert into pull_request_chats (chat_id, pull_request_key, chat_created_at, next_created_at, state, additions, deletions, approved,
  model_config_id)
select d.chat_id, d.pull_request_key, d.chat_created_at,
  lead(d.chat_created_at) over (partition by d.pull_request_key order by d.chat_created_at, d.chat_id),
  d.pull_request_state, d.additions, d.deletions, d.approved is true, c.last_model_config_id
from chat_diff_statuses d join chats c on c.id = d.chat_id where d.pull_request_state is not null;

-- The triggers on chat_costs add up pull_request_costs.
insert into pull_request_costs (pull_request_key, total_cost_micros) select distinct pull_request_key, 0 from pull_request_chats;
update chat_costs c set payer_key = coalesce(c.pull_request_key, p.pull_request_key)
from chat_costs k left join chat_costs p on p.chat_id = k.parent_chat_id
where k.chat_id = c.chat_id and coalesce(k.pull_request_key, p.pull_request_key) is not null;
`;
