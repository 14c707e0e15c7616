/**
 * The entry of a call that stored no message: titles and other auxiliary calls, attempts that failed or were stopped, answers that
 * came too late. A call that did store its answer is that message, written by chat-state in the same statement, and nothing else.
 *
 * Recording the same call again changes nothing: the id is made before the model is asked. Where a commit was repeated after a
 * broken connection it may be that the first one had stored the answer after all; then the message is the entry, and
 * nothing is added. Both are decided by the statement.
 */
import type { MessageUsage } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';

export const CALL_PURPOSES = ['turn', 'title', 'summary', 'compaction', 'label', 'proposal'] as const;
export type CallPurpose = (typeof CALL_PURPOSES)[number];

/** `interrupted`: we stopped it, whatever it had said by then. `failed`: the provider did. */
export type CallOutcome = 'finished' | 'interrupted' | 'failed';

export interface ModelCallEntry {
  /** Unique to the call. */
  readonly id: string;
  readonly chatId: string;
  readonly modelConfigId: string;
  readonly purpose: CallPurpose;
  readonly outcome: CallOutcome;
  readonly providerResponseId: string | undefined;
  /** As the provider told it; undefined when the call ended before it did. */
  readonly usage: MessageUsage | undefined;
  /** Null: not known. */
  readonly costMicros: number | null;
}

// Owner and organization are the chat's. A chat that is gone takes its entries with it.
const INSERT_CALL = sql(
  'insert_model_call',
  `insert into chat_model_calls (id, chat_id, root_chat_id, user_id, organization_id, model_config_id, purpose, outcome,
    provider_response_id, input_tokens, output_tokens, total_tokens, reasoning_tokens, cache_creation_tokens, cache_read_tokens,
    cost_micros)
  select $1, c.id, coalesce(c.root_chat_id, c.id), c.owner_id, c.organization_id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13
  from chats c
  where c.id = $2 and not exists (
    select from chat_messages m
    where m.chat_id = c.id and m.role = 'assistant' and (m.model_call_id is not null or m.total_tokens is not null)
      and m.model_call_id = $1)
  on conflict (id) do nothing
  returning id`,
);

/** False when the call has its entry already, or its chat is gone. */
export async function recordModelCall(database: Queryable, call: ModelCallEntry): Promise<boolean> {
  const { usage = {} } = call;
  const rows = await database.query(INSERT_CALL, [
    call.id,
    call.chatId,
    call.modelConfigId,
    call.purpose,
    call.outcome,
    call.providerResponseId ?? null,
    usage.input_tokens || null,
    usage.output_tokens || null,
    usage.total_tokens || null,
    usage.reasoning_tokens || null,
    usage.cache_creation_tokens || null,
    usage.cache_read_tokens || null,
    call.costMicros,
  ]);
  return rows.length > 0;
}
