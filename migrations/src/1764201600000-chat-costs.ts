/**
 * Why: what each chat has cost, so that insights need not add up millions of calls whenever somebody looks.
 *
 * `chat_costs` is derived from the ledger (answers in `chat_messages`, other calls in `chat_model_calls`). Triggers keep it, in the
 * transaction of the entry itself, so whoever writes the ledger cannot forget it; they do not run for entries without a cost.
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
  total_cost_micros bigint not null
) with (fillfactor = 70);
`;

const TRIGGERS = `
create function add_chat_message_cost() returns trigger language plpgsql as $$
begin
  insert into chat_costs as c (chat_id, total_cost_micros)
  values (new.chat_id, coalesce(new.total_cost_micros, 0) - coalesce(old.total_cost_micros, 0))
  on conflict (chat_id) do update set total_cost_micros = c.total_cost_micros + excluded.total_cost_micros;
  return null;
end $$;
create trigger chat_messages_add_cost after insert on chat_messages
  for each row when (new.total_cost_micros is not null) execute function add_chat_message_cost();
create trigger chat_messages_change_cost after update of total_cost_micros on chat_messages
  for each row when (new.total_cost_micros is distinct from old.total_cost_micros)
  execute function add_chat_message_cost();

create function add_model_call_cost() returns trigger language plpgsql as $$
begin
  insert into chat_costs as c (chat_id, total_cost_micros)
  values (new.chat_id, coalesce(new.cost_micros, 0) - coalesce(old.cost_micros, 0))
  on conflict (chat_id) do update set total_cost_micros = c.total_cost_micros + excluded.total_cost_micros;
  return null;
end $$;
create trigger chat_model_calls_add_cost after insert on chat_model_calls
  for each row when (new.cost_micros is not null) execute function add_model_call_cost();
create trigger chat_model_calls_change_cost after update of cost_micros on chat_model_calls
  for each row when (new.cost_micros is distinct from old.cost_micros) execute function add_model_call_cost();
`;

// After the triggers: they hold off other writers until the migration is committed, so no entry is missed or counted twice.
const BACKFILL = `
insert into chat_costs (chat_id, total_cost_micros)
select chat_id, sum(cost_micros) from (
  select chat_id, total_cost_micros as cost_micros from chat_messages where total_cost_micros is not null
  union all
  select chat_id, cost_micros from chat_model_calls where cost_micros is not null
) entries group by chat_id;
`;
