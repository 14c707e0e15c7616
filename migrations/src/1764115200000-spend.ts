/**
 * Why: what model calls cost, and how much a user may spend. Prices stand beside each model; every call is in the ledger once: in
 * `chat_messages` when it stored an answer, in `chat_model_calls` when it did not (docs/decisions/0003). Limits stand on the
 * deployment, on groups and on users; a reservation bridges the moment between the check and the turn it let through.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Spend1764115200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(PRICES);
    await runner.query(LEDGER);
    await runner.query(GROUPS);
    await runner.query(LIMITS);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

// US dollars per million tokens. NULL: no price is known; 0: free. `between` also refuses NaN and infinity.
const PRICES = `
alter table chat_model_configs
  add column input_price_per_million_tokens numeric check (input_price_per_million_tokens between 0 and 1000000),
  add column output_price_per_million_tokens numeric check (output_price_per_million_tokens between 0 and 1000000),
  add column cache_read_price_per_million_tokens numeric check (cache_read_price_per_million_tokens between 0 and 1000000),
  add column cache_write_price_per_million_tokens numeric check (cache_write_price_per_million_tokens between 0 and 1000000);
`;

const LEDGER = `
alter table chat_messages
  add column model_call_id uuid,
  add column provider_response_id text;

-- Calls that stored no message. The worker makes the id before it asks, so that recording twice records once.
create table chat_model_calls (
  id uuid primary key,
  chat_id uuid not null references chats (id) on delete cascade,
  root_chat_id uuid not null,
  user_id uuid not null references users (id) on delete cascade,
  organization_id uuid not null references organizations (id) on delete cascade,
  model_config_id uuid not null references chat_model_configs (id),
  purpose text not null check (purpose in ('turn', 'title', 'summary', 'compaction', 'label', 'proposal')),
  outcome text not null check (outcome in ('finished', 'interrupted', 'failed')),
  provider_response_id text,
  input_tokens bigint,
  output_tokens bigint,
  total_tokens bigint,
  reasoning_tokens bigint,
  cache_creation_tokens bigint,
  cache_read_tokens bigint,
  cost_micros bigint check (cost_micros >= 0),
  created_at timestamptz not null default now()
);
-- serves: the calls of a chat (cost of a tree, and the cascade)
create index chat_model_calls_chat on chat_model_calls (chat_id, created_at);
-- serves: the spend of a user in a period
create index chat_model_calls_user on chat_model_calls (user_id, created_at);

-- serves: the calls of a chat in a period that stored an answer (spend of users, cost of trees)
create index chat_messages_calls on chat_messages (chat_id, created_at)
  where role = 'assistant' and (model_call_id is not null or total_tokens is not null);
-- Nobody asks by time alone: every sum begins at chats.
drop index chat_messages_spend;
`;

const GROUPS = `
create table groups (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references organizations (id) on delete cascade,
  name text not null,
  display_name text not null default '',
  chat_spend_limit_micros bigint check (chat_spend_limit_micros > 0),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index groups_name on groups (organization_id, lower(name));

create table group_members (
  group_id uuid not null references groups (id) on delete cascade,
  user_id uuid not null references users (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (group_id, user_id)
);
-- serves: the groups of a user, when the limit that holds for them is looked up
create index group_members_user on group_members (user_id);
`;

const LIMITS = `
create table chat_usage_limit_config (
  is_only_row boolean primary key default true check (is_only_row),
  default_limit_micros bigint check (default_limit_micros > 0),
  period text not null check (period in ('day', 'week', 'month')),
  updated_at timestamptz not null default now()
);

alter table users add column chat_spend_limit_micros bigint check (chat_spend_limit_micros > 0);

create table usage_reservations (
  id uuid primary key,
  user_id uuid not null references users (id) on delete cascade,
  expires_at timestamptz not null
);
-- serves: what a user has reserved
create index usage_reservations_user on usage_reservations (user_id);
`;
