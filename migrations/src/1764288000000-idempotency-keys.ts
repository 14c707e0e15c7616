/**
 * Why: a client that repeats a create or a send, not knowing whether the first one arrived, must not make a second chat or message.
 *
 * The key is inserted by the statement that creates or sends, together with its result: either both are there, or neither.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class IdempotencyKeys1764288000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(IDEMPOTENCY_KEYS);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

const IDEMPOTENCY_KEYS = `
create table idempotency_keys (
  user_id uuid not null references users (id) on delete cascade,
  key text not null check (key ~ '^[!-~]{1,255}$'),
  -- SHA-256 of the request, so that another one under the same key is told apart.
  request_hash bytea not null check (length(request_hash) = 32),
  -- The rows that the first request's answer is made of.
  result jsonb not null,
  created_at timestamptz not null default now(),
  primary key (user_id, key)
);
-- serves: forgetting keys by age
create index idempotency_keys_age on idempotency_keys (created_at);
`;
