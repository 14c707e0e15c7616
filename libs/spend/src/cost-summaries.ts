/** Summaries of the ledger: of a chat with its subagents, of a user, of all users. Each is one statement, and so one snapshot. */
import type { ChatCost, CostSummary, CostUsers } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';
import { callsOf, chatsOfOwner, TOTALS } from './ledger';

/** Rows of a breakdown, the dearest ones. The totals are of everything. */
const MAX_BREAKDOWN_ROWS = 500;

export interface DateRange {
  readonly start: Date;
  /** No longer in it. */
  readonly end: Date;
}

const SELECT_CHAT_COST = sql(
  'select_chat_cost',
  `with family as (
  select c.id, c.id as root_id, c.owner_id from chats c
  where c.id = (select coalesce(root_chat_id, id) from chats where id = $3)
  union all
  select c.id, c.root_chat_id, c.owner_id from chats c
  where c.root_chat_id = (select coalesce(root_chat_id, id) from chats where id = $3)
),
calls as (${callsOf('family')})
select coalesce(sum(cost_micros), 0)::bigint as total_cost_micros, count(*) as request_count,
  count(*) filter (where cost_micros is null) as unpriced_request_count
from calls`,
);

/** What the whole tree of a chat, its root and all subagents, has cost so far. Zeros when there is no such chat. */
export async function readChatCost(database: Queryable, { chatId }: { chatId: string }): Promise<ChatCost> {
  const [row] = await database.query<ChatCost>(SELECT_CHAT_COST, ['-infinity', 'infinity', chatId]);
  return row ?? { total_cost_micros: 0, request_count: 0, unpriced_request_count: 0 };
}

const SELECT_USER_COST = sql(
  'select_user_cost',
  `with own as (${chatsOfOwner('$3')}),
calls as materialized (${callsOf('own')}),
models as (
  select m.id as model_config_id, m.display_name, p.type as provider, m.model, t.*
  from (select model_config_id as used_id, ${TOTALS} from calls group by model_config_id) t
    join chat_model_configs m on m.id = t.used_id join chat_providers p on p.id = m.ai_provider_id
  order by t.total_cost_micros desc, m.id limit ${MAX_BREAKDOWN_ROWS}
),
purposes as (
  select purpose, ${TOTALS} from calls group by purpose order by total_cost_micros desc, purpose
),
roots as (
  select c.id as root_chat_id, c.title as chat_title, t.*
  from (select root_id, ${TOTALS} from calls group by root_id) t join chats c on c.id = t.root_id
  order by t.total_cost_micros desc, c.id limit ${MAX_BREAKDOWN_ROWS}
)
select ${TOTALS},
  count(*) filter (where cost_micros is not null) as priced_message_count,
  count(*) filter (where cost_micros is null) as unpriced_message_count,
  coalesce((select jsonb_agg(to_jsonb(models) - 'used_id') from models), '[]') as by_model,
  coalesce((select jsonb_agg(to_jsonb(purposes)) from purposes), '[]') as by_purpose,
  coalesce((select jsonb_agg(to_jsonb(roots) - 'root_id') from roots), '[]') as by_chat
from calls`,
);

/** What a user's chats cost in a range: in all, by model, by purpose and by root chat. */
export async function readUserCost(
  database: Queryable,
  { userId, range }: { userId: string; range: DateRange },
): Promise<Omit<CostSummary, 'usage_limit'>> {
  type Row = Omit<CostSummary, 'usage_limit' | 'start_date' | 'end_date'> & { message_count?: number };
  const [row] = await database.query<Row>(SELECT_USER_COST, [range.start, range.end, userId]);
  if (row === undefined) throw new Error('A sum returned no row');
  const { message_count: _calls, ...sums } = row;
  return { ...datesOf(range), ...sums };
}

const SELECT_USERS_COST = sql(
  'select_users_cost',
  `with own as (select id, coalesce(root_chat_id, id) as root_id, owner_id from chats),
calls as (${callsOf('own')}),
spenders as materialized (
  select u.id as user_id, u.username, u.name, '' as avatar_url, t.*
  from (select owner_id, count(distinct root_id) as chat_count, ${TOTALS} from calls group by owner_id) t
    join users u on u.id = t.owner_id
  where $3::text is null or position(lower($3) in lower(u.username)) > 0
)
select (select count(*) from spenders) as count,
  coalesce((select jsonb_agg(to_jsonb(page) - 'owner_id') from (
    select * from spenders order by total_cost_micros desc, username limit $4 offset $5) page), '[]') as users`,
);

export interface UsersCostInput {
  readonly range: DateRange;
  /** Part of a username, in any case. */
  readonly username?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

/** The users who called a model in a range, the dearest first. */
export async function readUsersCost(database: Queryable, input: UsersCostInput): Promise<CostUsers> {
  const { range, username, limit, offset } = input;
  const [row] = await database.query<Pick<CostUsers, 'count' | 'users'>>(SELECT_USERS_COST, [
    range.start,
    range.end,
    username ?? null,
    limit,
    offset,
  ]);
  return { ...datesOf(range), count: row?.count ?? 0, users: row?.users ?? [] };
}

const datesOf = ({ start, end }: DateRange) => ({
  start_date: start.toISOString(),
  end_date: end.toISOString(),
});
