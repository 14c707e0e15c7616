/**
 * Why: the branch and pull request of a chat, kept fresh by gitsync, the diff as it was last read, and the tokens that the git hosts
 * are asked with.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Gitsync1764028800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(DIFF_STATUSES);
    await runner.query(DIFF_CONTENTS);
    await runner.query(EXTERNAL_AUTH_LINKS);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

const DIFF_STATUSES = `
create table chat_diff_statuses (
  chat_id uuid primary key references chats (id) on delete cascade,
  -- Of the chat, which never changes it: insights by period need no look at the chat.
  chat_created_at timestamptz not null,

  -- Where the chat pushed to; git_repository is "host/owner/name" in lower case.
  git_branch text not null check (git_branch <> ''),
  git_remote_origin text not null check (git_remote_origin <> ''),
  git_repository text not null check (git_repository <> ''),

  -- The pull request.
  url text,
  pull_request_state text check (pull_request_state in ('open', 'closed', 'merged')),
  pull_request_title text not null default '',
  pull_request_draft boolean not null default false,
  changes_requested boolean not null default false,
  approved boolean,
  reviewer_count integer,
  additions integer not null default 0,
  deletions integer not null default 0,
  changed_files integer not null default 0,
  commits integer,
  pr_number integer,
  author_login text,
  author_avatar_url text,
  base_branch text,
  head_branch text,
  -- What makes chats share a pull request: its URL, or the chat itself while there is none. Sixteen bytes, to join and sort by.
  pull_request_key uuid not null
    generated always as (case when url is null or url = '' then chat_id else md5(url)::uuid end) stored,

  -- Due for a refresh from stale_at on. Whoever refreshes it moves that ahead and leaves its claim, so that nobody else does, and
  -- a crash ends with the lease. A mark from outside counts up: a refresh that began before it does not make the row fresh.
  refreshed_at timestamptz,
  stale_at timestamptz not null,
  claim_id uuid,
  marked_at timestamptz not null,
  mark_version integer not null default 1,
  created_at timestamptz not null default now(),
  -- The last change from outside, or by a successful refresh.
  updated_at timestamptz not null default now()
) with (fillfactor = 80);
-- serves: the claim of what is due, the longest waiting first
create index chat_diff_statuses_due on chat_diff_statuses (stale_at);
-- serves: webhooks, which name a repository and a branch
create index chat_diff_statuses_branch on chat_diff_statuses (git_repository, git_branch);
-- serves: insights (the chats of a period with a pull request)
create index chat_diff_statuses_by_chat_creation on chat_diff_statuses (chat_created_at)
  where pull_request_state is not null;
-- serves: webhooks, which name a pull request
create index chat_diff_statuses_url on chat_diff_statuses (url) where url is not null;
`;

const DIFF_CONTENTS = `
create table chat_diff_contents (
  chat_id uuid primary key references chat_diff_statuses (chat_id) on delete cascade,
  git_branch text not null,
  git_remote_origin text not null,
  pull_request_url text,
  provider text not null,
  diff text not null,
  -- The mark that had been seen when the diff was read.
  mark_version integer not null,
  refreshed_at timestamptz not null
);
`;

const EXTERNAL_AUTH_LINKS = `
create table external_auth_links (
  user_id uuid not null references users (id) on delete cascade,
  provider_origin text not null check (provider_origin ~ '^https?://[^/]+$'),
  access_token_encrypted bytea not null,
  refresh_token_encrypted bytea,
  token_key_id text not null,
  expires_at timestamptz,
  -- Counts the tokens: what was learned with one is not believed of the next.
  token_version integer not null default 1,
  rejected_at timestamptz,
  rate_limited_until timestamptz,
  -- One process at a time exchanges the refresh token, without holding a lock meanwhile.
  refresh_claim_id uuid,
  refresh_claimed_until timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (user_id, provider_origin),
  constraint external_auth_links_claim_pair check ((refresh_claim_id is null) = (refresh_claimed_until is null))
);
`;
