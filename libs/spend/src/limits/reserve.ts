/**
 * Whether a limited user may begin one more turn: the check, and the reservation that makes concurrent checks see each other.
 *
 * What a turn costs is known when it has ended. Until then it is unsettled: its chat is at work, or its message waits in a queue. The
 * chat's own row says so, in the same statement that ends the turn and stores its cost; nothing has to be released, however it
 * ends. An unsettled turn is taken to cost twice the dearest turn of the user's last 30 days, and everything that is left as
 * long as the user has no turn to judge by. So users run turns in parallel while there is room, and one after the other when
 * the limit is near: then at most one turn goes beyond it.
 *
 * Between the check and the send that it allows, a row of `usage_reservations` stands for the turn. Checks of one user come one after
 * the other: under READ COMMITTED the statement after the lock sees every reservation and every turn committed before.
 */
import { sql, type Database } from '@parley/database';
import { callsOf, chatsOfOwner } from '../ledger';

/** Far longer than the send that follows; one whose process died is forgotten after that. */
const RESERVATION_SECONDS = 30;
/** Turns get dearer as their chats grow. */
const SAFETY_FACTOR = 2;

/** Locks of this kind; an arbitrary constant. */
const LOCK_CLASS = 72_639;
const LOCK_USER = sql('limits_lock_user', `select pg_advisory_xact_lock(${LOCK_CLASS}, hashtext($1))`);

// The dearest turn is only looked for when turns are under way: a subselect in CASE is evaluated when it is needed.
const RESERVE = sql(
  'limits_reserve',
  `with all_own as (${chatsOfOwner('$3')}),
own as materialized (
  select * from all_own
  where ($4::uuid is null or organization_id = $4)
    and (updated_at >= least($1::timestamptz, now() - interval '30 days') or status not in ('waiting', 'error') or queue <> '[]')
),
calls as (${callsOf('own')}),
facts as (
  select (select coalesce(sum(cost_micros), 0)::bigint from calls) as spent_micros,
    (select count(distinct root_id) from own
      where status not in ('waiting', 'error') and id is distinct from $7::uuid and root_id is distinct from $8::uuid)
    + (select coalesce(sum(jsonb_array_length(queue)), 0)::bigint from own where id is distinct from $7::uuid)
    + (select count(*) from usage_reservations r where r.user_id = $3 and r.expires_at > now())
    - $9::bigint as unsettled
),
decided as (
  select spent_micros, case
    when spent_micros >= $5::bigint then 'reached'
    when unsettled <= 0 then null
    when spent_micros + unsettled * ${SAFETY_FACTOR} * coalesce((
      select max(turn_micros) from (
        select sum(total_cost_micros) as turn_micros from (
          select m.chat_id, m.total_cost_micros, count(*) filter (where m.role = 'user') over (partition by m.chat_id order by m.id) as turn
          from own join chat_messages m on m.chat_id = own.id
          where m.created_at >= now() - interval '30 days'
        ) message group by chat_id, turn
      ) turn), $5::bigint) >= $5::bigint then 'busy'
    end as refusal
  from facts
),
reserved as (
  insert into usage_reservations (id, user_id, expires_at)
  select $6, $3, now() + interval '${RESERVATION_SECONDS} seconds' from decided where refusal is null
)
select spent_micros, refusal from decided`,
);

export interface ReserveInput {
  readonly reservationId: string;
  readonly userId: string;
  readonly limitMicros: number;
  readonly periodStart: Date;
  /** Null: spending in all organizations counts. */
  readonly organizationId: string | null;
  /** The turn takes the place of what this chat does and has queued (an edit). */
  readonly replacesChatId: string | undefined;
  /** The turn belongs to one that is under way in this tree (a subagent). */
  readonly rootChatId: string | undefined;
  /** The turn has counted already, as a message in a queue. */
  readonly isQueued: boolean;
}

export interface ReserveResult {
  readonly spentMicros: number;
  /** `reached`: the limit is spent. `busy`: turns under way may spend it. Null: reserved. */
  readonly refusal: 'reached' | 'busy' | null;
}

export async function reserve(database: Database, input: ReserveInput): Promise<ReserveResult> {
  const values = [
    input.periodStart,
    'infinity',
    input.userId,
    input.organizationId,
    input.limitMicros,
    input.reservationId,
    input.replacesChatId ?? null,
    input.rootChatId ?? null,
    input.isQueued ? 1 : 0,
  ];
  const [row] = await database.transaction(async (tx) => {
    await tx.query(LOCK_USER, [input.userId]);
    return tx.query<{ spent_micros: number; refusal: ReserveResult['refusal'] }>(RESERVE, values);
  });
  if (row === undefined) throw new Error('A check of a limit returned no row');
  return { spentMicros: row.spent_micros, refusal: row.refusal };
}

const RELEASE = sql(
  'limits_release',
  'delete from usage_reservations where id = $1 or (user_id = $2 and expires_at < now())',
);

/** Ends the reservation, and those of the user that were left behind. */
export async function release(
  database: Database,
  { reservationId, userId }: { reservationId: string; userId: string },
): Promise<void> {
  await database.query(RELEASE, [reservationId, userId]);
}

const SELECT_SPENT = sql(
  'limits_spent',
  `with all_own as (${chatsOfOwner('$3')}),
own as (
  select * from all_own where ($4::uuid is null or organization_id = $4)
    and (updated_at >= $1::timestamptz or status not in ('waiting', 'error'))
),
calls as (${callsOf('own')})
select coalesce(sum(cost_micros), 0)::bigint as spent_micros from calls`,
);

/** Micro-dollars that a user has spent since the period began. */
export async function readSpent(
  database: Database,
  input: Pick<ReserveInput, 'userId' | 'periodStart' | 'organizationId'>,
): Promise<number> {
  const values = [input.periodStart, 'infinity', input.userId, input.organizationId];
  const [row] = await database.query<{ spent_micros: number }>(SELECT_SPENT, values);
  return row?.spent_micros ?? 0;
}
