/**
 * Why: what each chat has cost, and for which pull request, so that insights need not add up millions of calls whenever somebody looks.
 *
 * `chat_costs` is derived: from the ledger (answers in `chat_messages`, other calls in `chat_model_calls`) and from
 * `chat_diff_statuses`. Triggers keep it, in the transaction of the write itself, so whoever writes those cannot forget it; they
 * do not run for entries without a cost, nor for refreshes that change nothing of the sort.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ChatCosts1764201600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CHAT_COSTS);
    await runner.query(TRIGGERS);
    await runner.query(BACKFILL);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

const CHAT_COSTS = `
create table chat_costs (
  chat_id uuid primary key references chats (id) on delete cascade,
  -- As in chats and chat_diff_statuses, so that the cost of a pull request is found without them.
  parent_chat_id uuid references chats (id) on delete set null,
  pull_request_key uuid,
  total_cost_micros bigint not null
) with (fillfactor = 70);
-- serves: insights (the cost of a pull request)
create index chat_costs_pull_request on chat_costs (pull_request_key) include (chat_id, total_cost_micros)
  where pull_request_key is not null;
-- serves: insights (what the children of a chat have cost that have no pull request of their own)
create index chat_costs_children on chat_costs (parent_chat_id)
  where parent_chat_id is not null and pull_request_key is null;
`;

const TRIGGERS = `
create function add_chat_cost(chat uuid, micros bigint) returns void language plpgsql as $$
begin
  update chat_costs set total_cost_micros = total_cost_micros + micros where chat_id = chat;
  if found then return; end if;
  insert into chat_costs as c (chat_id, parent_chat_id, total_cost_micros)
  select id, parent_chat_id, micros from chats where id = chat
  on conflict (chat_id) do update set total_cost_micros = c.total_cost_micros + excluded.total_cost_micros;
end $$;

-- The row may come before the first cost, or after it: whichever is first inserts, and neither forgets what the other wrote.
create function set_pull_request_of_cost() returns trigger language plpgsql as $$
begin
  insert into chat_costs (chat_id, parent_chat_id, pull_request_key, total_cost_micros)
  select c.id, c.parent_chat_id, case when new.pull_request_state is not null then new.pull_request_key end, 0
  from chats c where c.id = new.chat_id
  on conflict (chat_id) do update set pull_request_key = excluded.pull_request_key;
  return null;
end $$;
create trigger chat_diff_statuses_insert_cost after insert on chat_diff_statuses
  for each row when (new.pull_request_state is not null) execute function set_pull_request_of_cost();
create trigger chat_diff_statuses_change_cost after update on chat_diff_statuses
  for each row when (
    new.pull_request_key is distinct from old.pull_request_key
    or (new.pull_request_state is null) is distinct from (old.pull_request_state is null))
  execute function set_pull_request_of_cost();

create function add_chat_message_cost() returns trigger language plpgsql as $$
begin
  perform add_chat_cost(new.chat_id, coalesce(new.total_cost_micros, 0) - coalesce(old.total_cost_micros, 0));
  return null;
end $$;
create trigger chat_messages_add_cost after insert on chat_messages
  for each row when (new.total_cost_micros is not null) execute function add_chat_message_cost();
create trigger chat_messages_change_cost after update of total_cost_micros on chat_messages
  for each row when (new.total_cost_micros is distinct from old.total_cost_micros)
  execute function add_chat_message_cost();

create function add_model_call_cost() returns trigger language plpgsql as $$
begin
  perform add_chat_cost(new.chat_id, coalesce(new.cost_micros, 0) - coalesce(old.cost_micros, 0));
  return null;
end $$;
create trigger chat_model_calls_add_cost after insert on chat_model_calls
  for each row when (new.cost_micros is not null) execute function add_model_call_cost();
create trigger chat_model_calls_change_cost after update of cost_micros on chat_model_calls
  for each row when (new.cost_micros is distinct from old.cost_micros) execute function add_model_call_cost();
`;

// After the triggers: they hold off other writers until the migration is committed, so no entry is missed or counted twice.
const BACKFILL = `
insert into chat_costs (chat_id, parent_chat_id, pull_request_key, total_cost_micros)
select c.id, c.parent_chat_id, d.pull_request_key, coalesce(e.cost_micros, 0)
from chats c
left join chat_diff_statuses d on d.chat_id = c.id and d.pull_request_state is not null
left join (
  select chat_id, sum(cost_micros) as cost_micros from (
    select chat_id, total_cost_micros as cost_micros from chat_messages where total_cost_micros is not null
    union all
    select chat_id, cost_micros from chat_model_calls where cost_micros is not null
  ) entries group by chat_id
) e on e.chat_id = c.id
where d.chat_id is not null or e.chat_id is not null;
`;
