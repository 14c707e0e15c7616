/**
 * At most once: a key that a client sends with a create or a send, so that its repeat finds what the first one did.
 *
 * The key and the result are inserted by the very statement that does the work, from its `u`: a refusal keeps no key, a crash leaves
 * both or neither, and there is no moment at which the work is done and its result unknown. A repeat at the same time waits
 * for the first one's end at the primary key, then fails there (SQLSTATE 23505), and its whole statement with it.
 *
 * What was refused, for whatever reason (the key's uniqueness, an archived chat, a queue that the first one filled, a limit), may
 * be a repeat: who was refused reads the key. Thus a request that is no repeat costs nothing more than the insert.
 *
 * A key counts for 24 hours. One that is older makes way in the same statement; `forgetKeys` removes those that nobody uses again.
 */
import { sql, type Queryable, type SqlStatement } from '@parley/database';

export interface OnceKey {
  /** 1-255 visible ASCII characters. */
  key: string;
  /** SHA-256 of all that makes a request the same one. */
  requestHash: Uint8Array;
}

/** The same request came before, with its result; or another one did under the same key. */
export type Repeat<Result> = { isSame: true; result: Result } | { isSame: false };

const IS_OLD = "created_at <= now() - interval '24 hours'";

/** Inserts the key for the chat `u`. `user`, `key` and `hash` are parameters, `result` an expression over `u` and `m`. */
export function keyCtes(given: { user: string; key: string; hash: string; result: string }): string {
  const { user, key, hash, result } = given;
  // The count makes the insert wait for the delete: by themselves the two would run in any order.
  return `old_key as (
  delete from idempotency_keys where user_id = ${user} and key = ${key} and ${IS_OLD} returning key
),
new_key as (
  insert into idempotency_keys (user_id, key, request_hash, result)
  select ${user}, ${key}, ${hash}, ${result}
  from u where (select count(*) from old_key) >= 0
)`;
}

/** The condition on a key `k` of user $1 that counts. */
export const KEY_COUNTS = `k.user_id = $1 and k.key = $2 and not k.${IS_OLD}`;

/** Reads a key by `statement`, whose $3 is the request's hash, and whose answer says whether it `is_same`. */
export async function readRepeat<Row extends object, Result>(
  database: Queryable,
  asked: {
    statement: SqlStatement;
    userId: string;
    once: OnceKey;
    toResult: (row: Row) => Result;
  },
): Promise<Repeat<Result> | null> {
  const { statement, userId, once, toResult } = asked;
  const [row] = await database.query<Row & { is_same: boolean }>(statement, [
    userId,
    once.key,
    once.requestHash,
  ]);
  if (row === undefined) return null;
  return row.is_same ? { isSame: true, result: toResult(row) } : { isSame: false };
}

const FORGET = sql(
  'forget_idempotency_keys',
  `with old as (
  select user_id, key from idempotency_keys where ${IS_OLD} order by created_at limit $1 for update skip locked
),
gone as (
  delete from idempotency_keys k using old where k.user_id = old.user_id and k.key = old.key and k.${IS_OLD} returning 1
)
select count(*)::integer as count from gone`,
);

/** Removes at most `limit` keys that no longer count, the oldest first; returns how many there were. */
export async function forgetKeys(database: Queryable, { limit }: { limit: number }): Promise<number> {
  const [row] = await database.query<{ count: number }>(FORGET, [limit]);
  return row?.count ?? 0;
}
