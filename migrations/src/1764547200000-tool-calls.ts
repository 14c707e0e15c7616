/**
 * Why: a tool call that ran must never run again, also when its worker died before the results were committed; and a subagent of
 * the exploring kind keeps the tools it was given when it was spawned.
 *
 * `chat_tool_calls` is the journal of calls under way (docs/decisions/0005): a row when a call is about to run, its result when it
 * ended, and no row any more once the results are in the history. Old workers, which run no tools, do not need it.
 */
import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ToolCalls1764547200000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TOOL_CALLS);
    await runner.query(ALLOWED_TOOLS);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations are forward only: restore a backup instead.'));
  }
}

const TOOL_CALLS = `
create table chat_tool_calls (
  chat_id uuid not null references chats (id) on delete cascade,
  -- The history that the call is open in: ids of calls are the model's, and may come again later.
  history_version bigint not null,
  tool_call_id text not null,
  -- Whose start it was. Only this attempt knows that the call has not run although it has no result.
  attempt_id uuid not null,
  started_at timestamptz not null default now(),
  -- The tool-result part; NULL until the call has ended.
  result jsonb,
  primary key (chat_id, history_version, tool_call_id)
);
`;

// NULL: every tool that the chat's settings allow.
const ALLOWED_TOOLS = 'alter table chats add column allowed_tools text[]';
