/**
 * Who refreshes what. A claim moves `stale_at` ahead by the lease and leaves its id in the row: replicas skip each other's rows,
 * a crashed replica's rows come back by themselves, and every outcome is written only while the claim still stands.
 *
 * Archived chats are not refreshed. They would otherwise stay the longest waiting for ever, so the claim sets them aside for a
 * while. Clocks of replicas may differ: by more than the lease, a row could be asked for twice, but never written twice.
 */
import { sql, type Queryable } from '@parley/database';
import { diffStatusColumns, type DiffStatusRow } from './rows';

export const CLAIM_LEASE_MS = 5 * 60_000;
const ARCHIVED_RECHECK_MS = 10 * 60_000;

/** A row that is ours to refresh until the lease ends. */
export interface Claim {
  readonly claimId: string;
  readonly ownerId: string;
  /** As it was when it was claimed. */
  readonly row: DiffStatusRow;
}

interface ClaimedRow extends DiffStatusRow {
  owner_id: string;
  archived: boolean;
}

const CLAIM_DUE = sql(
  'claim_due_diff_statuses',
  `with due as (
     select w.chat_id from chat_diff_statuses w
     where w.stale_at <= $1 order by w.stale_at limit $2 for update skip locked
   )
   update chat_diff_statuses d set
     stale_at = case when c.archived then $5::timestamptz else $4::timestamptz end,
     claim_id = case when c.archived then null else $3::uuid end
   from due join chats c on c.id = due.chat_id
   where d.chat_id = due.chat_id
   returning ${diffStatusColumns('d')}, c.owner_id, c.archived`,
);

export interface ClaimInput {
  readonly claimId: string;
  readonly now: Date;
}

/** The rows that have waited longest. `seen`: how many were due, archived ones included; fewer than `limit`: there are no more. */
export async function claimDue(
  database: Queryable,
  { claimId, now, limit }: ClaimInput & { limit: number },
): Promise<{ claims: Claim[]; seen: number }> {
  const rows = await database.query<ClaimedRow>(CLAIM_DUE, [
    now,
    limit,
    claimId,
    after(now, CLAIM_LEASE_MS),
    after(now, ARCHIVED_RECHECK_MS),
  ]);
  const claims = rows.filter((row) => !row.archived).map((row) => toClaim(row, claimId));
  return { claims, seen: rows.length };
}

const CLAIM_CHAT = sql(
  'claim_diff_status',
  `update chat_diff_statuses d set stale_at = $4, claim_id = $3
   from chats c
   where d.chat_id = $1 and c.id = d.chat_id and not c.archived and (d.claim_id is null or d.stale_at <= $2)
     and (not $5 or d.stale_at <= $2)
   returning ${diffStatusColumns('d')}, c.owner_id, c.archived`,
);

/** One chat's row, unless somebody refreshes it already; with `onlyIfDue` also not when it is fresh. */
export async function claimChat(
  database: Queryable,
  { chatId, claimId, now, onlyIfDue }: ClaimInput & { chatId: string; onlyIfDue: boolean },
): Promise<Claim | null> {
  const values = [chatId, now, claimId, after(now, CLAIM_LEASE_MS), onlyIfDue];
  const [row] = await database.query<ClaimedRow>(CLAIM_CHAT, values);
  return row === undefined ? null : toClaim(row, claimId);
}

const RELEASE = sql(
  'release_diff_status_claims',
  `update chat_diff_statuses d set stale_at = $3, claim_id = null
   where d.chat_id = any ($1::uuid[]) and d.claim_id = any ($2::uuid[])`,
);

/** Gives rows back that were not refreshed; they are due again. */
export async function releaseClaims(
  database: Queryable,
  { claims, now }: { claims: readonly Claim[]; now: Date },
): Promise<void> {
  const values = [claims.map(({ row }) => row.chat_id), claims.map(({ claimId }) => claimId), now];
  await database.query(RELEASE, values);
}

const toClaim = (row: ClaimedRow, claimId: string): Claim => ({ claimId, ownerId: row.owner_id, row });
const after = (now: Date, ms: number): Date => new Date(now.getTime() + ms);
