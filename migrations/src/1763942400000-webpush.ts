/**
 * Why: browser notifications. A subscription is bound to the server key that the browser saw when it subscribed, and the foreign key
 * says so: replacing the key removes, in the same transaction, every subscription that no push service would accept any more,
 * and a subscription made under the old key cannot be stored afterwards.
 *
 * `chats.interrupted_version` tells a chat that rests because its turn was interrupted from one whose turn finished: a worker may
 * die between committing the end of a turn and telling of it, and whoever makes up for that must not tell of interruptions.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Webpush1763942400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(KEYS);
    await runner.query(SUBSCRIPTIONS);
    await runner.query(INTERRUPTIONS);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

// One row at most: is_current is always true, and unique.
const KEYS = `
create table webpush_keys (
  public_key text primary key,
  private_key_encrypted bytea not null,
  private_key_key_id text not null,
  is_current boolean not null default true unique check (is_current),
  created_at timestamptz not null default now()
);
`;

const SUBSCRIPTIONS = `
create table webpush_subscriptions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id) on delete cascade,
  endpoint text not null check (length(endpoint) <= 2000),
  p256dh_key text not null,
  auth_key text not null,
  vapid_public_key text not null references webpush_keys (public_key) on delete cascade,
  created_at timestamptz not null default now(),
  -- serves: the subscriptions of a user, and a browser that subscribes again
  constraint webpush_subscriptions_once unique (user_id, endpoint)
);
-- serves: a browser that another user takes over
create index webpush_subscriptions_endpoint on webpush_subscriptions (endpoint);
`;

const INTERRUPTIONS = `
alter table chats add column interrupted_version bigint not null default 0;
`;
