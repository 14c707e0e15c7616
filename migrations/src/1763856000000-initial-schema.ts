/**
 * Why: the first schema. Identity and models as plain administrative tables; a chat's whole execution state as one row of `chats`,
 * guarded by CHECK constraints so that an illegal state cannot be stored even by hand; messages as append-only rows
 * beside it; one heartbeat row a worker. Each index names the query it serves.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class InitialSchema1763856000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(IDENTITY);
    await runner.query(MODELS);
    await runner.query(WORKERS);
    await runner.query(CHATS);
    await runner.query(CHAT_MESSAGES);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

const IDENTITY = `
create table organizations (
  id uuid primary key default gen_random_uuid(),
  name text not null unique,
  display_name text not null,
  is_default boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index organizations_one_default on organizations (is_default) where is_default;

create table users (
  id uuid primary key default gen_random_uuid(),
  email text not null,
  username text not null,
  name text not null default '',
  password_hash text,
  is_admin boolean not null default false,
  status text not null default 'active' check (status in ('active', 'suspended')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index users_email on users (lower(email));
create unique index users_username on users (lower(username));

create table organization_members (
  organization_id uuid not null references organizations (id) on delete cascade,
  user_id uuid not null references users (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (organization_id, user_id)
);
-- serves: the organizations of a user, at authentication
create index organization_members_user on organization_members (user_id);

create table api_keys (
  id text primary key,
  user_id uuid not null references users (id) on delete cascade,
  hashed_secret bytea not null,
  token_name text not null default '',
  kind text not null check (kind in ('session', 'token')),
  expires_at timestamptz not null,
  created_at timestamptz not null default now()
);
-- serves: a user's list of tokens
create index api_keys_user on api_keys (user_id);
`;

const MODELS = `
create table chat_providers (
  id uuid primary key default gen_random_uuid(),
  type text not null check (type in ('openai', 'openai-compat', 'anthropic', 'azure', 'openrouter')),
  name text not null unique,
  base_url text,
  api_key_encrypted bytea,
  api_key_key_id text,
  enabled boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint chat_providers_key_with_its_id check ((api_key_encrypted is null) = (api_key_key_id is null))
);

create table chat_model_configs (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references organizations (id) on delete cascade,
  ai_provider_id uuid not null references chat_providers (id),
  model text not null,
  display_name text not null default '',
  context_limit integer not null check (context_limit > 0),
  compression_threshold integer not null check (compression_threshold between 0 and 100),
  options jsonb not null default '{}',
  enabled boolean not null default true,
  is_default boolean not null default false,
  deleted boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint chat_model_configs_no_deleted_default check (not (is_default and deleted))
);
create unique index chat_model_configs_one_default on chat_model_configs (organization_id) where is_default;
-- serves: the models of a provider, when it is changed or deleted
create index chat_model_configs_provider on chat_model_configs (ai_provider_id);
`;

// One row a worker, renewed every 2 s. Logged, so that a restart of Postgres does not take live workers' chats from them.
const WORKERS = `
create table workers (
  id uuid primary key,
  hostname text not null,
  started_at timestamptz not null default now(),
  lease_expires_at timestamptz not null
);
`;

const CHATS = `
create table chats (
  id uuid primary key default gen_random_uuid(),
  organization_id uuid not null references organizations (id) on delete cascade,
  owner_id uuid not null references users (id) on delete cascade,
  parent_chat_id uuid references chats (id) on delete set null,
  root_chat_id uuid references chats (id) on delete set null,
  title text not null default 'New Chat',
  title_source text not null default 'fallback' check (title_source in ('fallback', 'generated', 'manual')),
  mode text,
  plan_mode text check (plan_mode = 'plan'),
  client_type text not null default 'api' check (client_type in ('ui', 'api')),
  labels jsonb not null default '{}',
  mcp_server_ids uuid[] not null default '{}',
  dynamic_tools jsonb not null default '[]',
  pin_order integer not null default 0,
  last_model_config_id uuid not null references chat_model_configs (id),
  last_reasoning_effort text,
  last_turn_summary text,
  summary text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),

  -- The execution state. Only libs/chat-state writes these columns.
  status text not null,
  archived boolean not null default false,
  queue jsonb not null default '[]',
  open_calls jsonb not null default '[]',
  action_deadline_at timestamptz,
  last_error jsonb,
  worker_id uuid references workers (id),
  runner_id uuid,
  version bigint not null default 1,
  history_version bigint not null default 1,
  queue_version bigint not null default 0,
  generation_attempt integer not null default 0,
  retry jsonb,
  compaction_requested_at timestamptz,
  -- The versions of the last answer, and of the last answer that the owner has seen: unread when they differ.
  answered_version bigint not null default 0,
  read_version bigint not null default 0,

  constraint chats_status_known check (status in ('waiting', 'running', 'interrupting', 'requires_action', 'error')),
  constraint chats_queue_bounded check (
    case jsonb_typeof(queue) when 'array' then jsonb_array_length(queue) <= 20 else false end
  ),
  constraint chats_open_calls_is_array check (jsonb_typeof(open_calls) = 'array'),
  constraint chats_waiting_is_at_rest check (status <> 'waiting' or (queue = '[]' and open_calls = '[]')),
  constraint chats_archived_is_at_rest check (not archived or (status in ('waiting', 'error') and worker_id is null)),
  constraint chats_deadline_iff_action check ((action_deadline_at is not null) = (status = 'requires_action')),
  constraint chats_action_has_calls check (status <> 'requires_action' or open_calls <> '[]'),
  constraint chats_error_iff_error check ((last_error is not null) = (status = 'error')),
  constraint chats_owner_pair check ((worker_id is null) = (runner_id is null)),
  constraint chats_retry_while_running check (retry is null or status = 'running'),
  constraint chats_compaction_while_running check (compaction_requested_at is null or status = 'running'),
  constraint chats_versions_ordered check (history_version <= version and queue_version <= version and version > 0),
  constraint chats_attempt_not_negative check (generation_attempt >= 0),
  constraint chats_pin_on_live_roots check (pin_order = 0 or (pin_order > 0 and parent_chat_id is null and not archived)),
  constraint chats_child_has_root check ((parent_chat_id is null) = (root_chat_id is null))
) with (fillfactor = 70);
-- serves: GET /chats (roots of an owner: pinned ones in their order, then the latest updated)
create index chats_list on chats (owner_id, archived, (pin_order = 0), pin_order, updated_at desc, id desc)
  where parent_chat_id is null;
-- serves: the family of a root (children in lists, archive of a family)
create index chats_family on chats (root_chat_id) where root_chat_id is not null;
-- serves: the sweep (work that nobody owns, in turns by owner)
create index chats_unowned_work on chats (owner_id, updated_at)
  where worker_id is null and status in ('running', 'interrupting', 'requires_action');
-- serves: what a worker owns (takeover from the dead, the net under lost wakes, hand-over at stop)
create index chats_owned on chats (worker_id, status) where worker_id is not null;
-- serves: label filters of GET /chats
create index chats_labels on chats using gin (labels jsonb_path_ops) where labels <> '{}';
`;

const CHAT_MESSAGES = `
create table chat_messages (
  id bigint generated always as identity,
  chat_id uuid not null references chats (id) on delete cascade,
  role text not null check (role in ('system', 'user', 'assistant', 'tool')),
  content jsonb not null,
  content_version smallint not null default 1,
  visibility text not null default 'both' check (visibility in ('user', 'model', 'both')),
  compressed boolean not null default false,
  deleted boolean not null default false,
  created_by uuid references users (id) on delete set null,
  model_config_id uuid references chat_model_configs (id),
  reasoning_effort text,
  created_at timestamptz not null default now(),
  -- The version of the chat that wrote or last changed this row.
  revision bigint not null,
  input_tokens bigint,
  output_tokens bigint,
  total_tokens bigint,
  reasoning_tokens bigint,
  cache_creation_tokens bigint,
  cache_read_tokens bigint,
  context_limit bigint,
  total_cost_micros bigint,
  runtime_ms bigint,
  -- Serves pages of history, and the prompt. No index has the id alone: a planner would walk it through everybody's messages.
  primary key (chat_id, id)
);
-- serves: catching up by revision (stream feeds after a gap)
create index chat_messages_revision on chat_messages (chat_id, revision);
-- serves: the prompt's start (newest boundary that the model sees)
create index chat_messages_boundary on chat_messages (chat_id, id desc)
  where compressed and not deleted and visibility <> 'user';
-- serves: the prompt's system messages, wherever the boundary is
create index chat_messages_system on chat_messages (chat_id, id) where role = 'system';
-- serves: sums of spend by time
create index chat_messages_spend on chat_messages (created_at) where total_cost_micros is not null;
`;
