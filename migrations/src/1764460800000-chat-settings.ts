/**
 * Why: what people set about their chats beside the chats themselves. Prompts of the deployment, of an organization and of a user;
 * when a user wants a model's history compacted; which model an organization, or a user, takes for what; whose key a provider is
 * called with. All of it is read seldom and remembered (libs/chat-settings), so one row an owner is the only index it needs.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ChatSettings1764460800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(PROMPTS);
    await runner.query(OVERRIDES);
    await runner.query(USER_KEYS);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

const PROMPTS = `
create table chat_settings (
  is_only_row boolean primary key default true check (is_only_row),
  system_prompt text not null default '',
  -- NULL: never chosen, so the built-in prompt is there exactly while there is no other.
  include_default_system_prompt boolean,
  plan_mode_instructions text not null default '',
  allow_personal_model_overrides boolean not null default false,
  updated_at timestamptz not null default now()
);

create table chat_organization_settings (
  organization_id uuid primary key references organizations (id) on delete cascade,
  system_prompt text not null default '',
  updated_at timestamptz not null default now()
);

create table chat_user_settings (
  user_id uuid primary key references users (id) on delete cascade,
  prompt text not null default '',
  updated_at timestamptz not null default now()
);

create table chat_user_compaction_thresholds (
  user_id uuid not null references users (id) on delete cascade,
  model_config_id uuid not null references chat_model_configs (id) on delete cascade,
  threshold_percent integer not null check (threshold_percent between 0 and 100),
  updated_at timestamptz not null default now(),
  primary key (user_id, model_config_id)
);
`;

const OVERRIDES = `
create table chat_organization_model_overrides (
  organization_id uuid not null references organizations (id) on delete cascade,
  purpose text not null check (purpose in ('general', 'explore', 'title_generation', 'compaction', 'advisor')),
  model_config_id uuid not null references chat_model_configs (id) on delete cascade,
  updated_at timestamptz not null default now(),
  primary key (organization_id, purpose)
);

create table chat_user_model_overrides (
  user_id uuid not null references users (id) on delete cascade,
  organization_id uuid not null references organizations (id) on delete cascade,
  purpose text not null check (purpose in ('root', 'general', 'explore')),
  mode text not null check (mode in ('deployment_default', 'chat_default', 'model')),
  model_config_id uuid references chat_model_configs (id) on delete cascade,
  updated_at timestamptz not null default now(),
  primary key (user_id, organization_id, purpose),
  constraint chat_user_model_overrides_model_iff_mode check ((model_config_id is not null) = (mode = 'model'))
);
`;

const USER_KEYS = `
alter table chat_providers
  add column central_api_key_enabled boolean not null default true,
  add column allow_user_api_key boolean not null default false,
  add column allow_central_api_key_fallback boolean not null default false,
  add constraint chat_providers_some_key_is_usable check (central_api_key_enabled or allow_user_api_key),
  add constraint chat_providers_fallback_between_two check (
    not allow_central_api_key_fallback or (central_api_key_enabled and allow_user_api_key)
  );

create table user_chat_provider_keys (
  user_id uuid not null references users (id) on delete cascade,
  provider_id uuid not null references chat_providers (id) on delete cascade,
  api_key_encrypted bytea not null,
  api_key_key_id text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (user_id, provider_id)
);
`;
