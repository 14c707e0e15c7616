/**
 * The ledger of model calls, as SQL: every call of a model is one row of it, and no call is two.
 *
 * A call that stored its answer is that assistant row of `chat_messages`; any other is a row of `chat_model_calls`
 * (docs/decisions/0003). Rows deleted by an edit stay in it: editing does not give money back. A cost of NULL means that nobody
 * knows the cost; 0 means free.
 */

const TOKENS = 'input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens';
const tokensOf = (alias: string) =>
  TOKENS.split(', ')
    .map((column) => `${alias}.${column}`)
    .join(', ');

/** Whether an assistant row of `chat_messages` is a call. Rows of the previous version have usage, but no call id. */
const isCall = (alias: string) =>
  `${alias}.role = 'assistant' and (${alias}.model_call_id is not null or ${alias}.total_tokens is not null)`;

/**
 * The calls of the chats in the common table expression `chats` (columns `id`, `root_id`, `owner_id`), from $1 until before $2.
 * Columns: root_id, owner_id, purpose, model_config_id, the four token counts, cost_micros.
 */
export const callsOf = (chats: string): string => `
  select o.root_id, o.owner_id, 'turn' as purpose, m.model_config_id, ${tokensOf('m')}, m.total_cost_micros as cost_micros
  from ${chats} o join chat_messages m on m.chat_id = o.id
  where ${isCall('m')} and m.created_at >= $1::timestamptz and m.created_at < $2::timestamptz
  union all
  select o.root_id, o.owner_id, k.purpose, k.model_config_id, ${tokensOf('k')}, k.cost_micros
  from ${chats} o join chat_model_calls k on k.chat_id = o.id
  where k.created_at >= $1::timestamptz and k.created_at < $2::timestamptz`;

/**
 * The chats of the owner in the parameter, with their roots. Children belong to the owner of their root; going through the
 * roots uses the indexes that lists use anyway, so that chats carry none for this alone.
 */
export const chatsOfOwner = (owner: string): string => `
  select c.id, c.id as root_id, c.owner_id, c.organization_id, c.status, c.queue, c.updated_at
  from chats c where c.owner_id = ${owner} and c.parent_chat_id is null
  union all
  select k.id, c.id, k.owner_id, k.organization_id, k.status, k.queue, k.updated_at
  from chats c join chats k on k.root_chat_id = c.id
  where c.owner_id = ${owner} and c.parent_chat_id is null`;

/** Sums over calls, in the shape of every summary. */
export const TOTALS = `
  coalesce(sum(cost_micros), 0)::bigint as total_cost_micros,
  count(*) as message_count,
  coalesce(sum(input_tokens), 0)::bigint as total_input_tokens,
  coalesce(sum(output_tokens), 0)::bigint as total_output_tokens,
  coalesce(sum(cache_read_tokens), 0)::bigint as total_cache_read_tokens,
  coalesce(sum(cache_creation_tokens), 0)::bigint as total_cache_creation_tokens`;
