/** What gitsync learns of a linked token, and the exchange of an expiring one. See external-auth.ts. */
import { sql, type Queryable } from '@parley/database';
import type { LinkKey, TokenPair, TokenSealer } from './external-auth';
import { sealPair } from './external-auth';

const REJECT = sql(
  'reject_external_auth_token',
  `update external_auth_links l set rejected_at = $4, updated_at = now()
   where l.user_id = $1 and l.provider_origin = $2 and l.token_version = $3`,
);

interface TokenOf {
  readonly key: LinkKey;
  /** The token that it was learned of. */
  readonly version: number;
}

/** The host refused the token. */
export async function rejectToken(
  database: Queryable,
  { key, version, now }: TokenOf & { now: Date },
): Promise<void> {
  await database.query(REJECT, [key.userId, key.providerOrigin, version, now]);
}

const ACCEPT = sql(
  'accept_external_auth_token',
  `update external_auth_links l set rejected_at = null, updated_at = now()
   where l.user_id = $1 and l.provider_origin = $2 and l.token_version = $3 and l.rejected_at is not null`,
);

/** A token that was refused works again. */
export async function acceptToken(database: Queryable, { key, version }: TokenOf): Promise<void> {
  await database.query(ACCEPT, [key.userId, key.providerOrigin, version]);
}

const LIMIT = sql(
  'limit_external_auth_token',
  `update external_auth_links l set rate_limited_until = greatest(l.rate_limited_until, $4), updated_at = now()
   where l.user_id = $1 and l.provider_origin = $2 and l.token_version = $3`,
);

/** No call before `until`, by any replica. */
export async function limitToken(
  database: Queryable,
  { key, version, until }: TokenOf & { until: Date },
): Promise<void> {
  await database.query(LIMIT, [key.userId, key.providerOrigin, version, until]);
}

const CLAIM = sql(
  'claim_external_auth_refresh',
  `update external_auth_links l set refresh_claim_id = $4, refresh_claimed_until = $6
   where l.user_id = $1 and l.provider_origin = $2 and l.token_version = $3
     and (l.refresh_claimed_until is null or l.refresh_claimed_until <= $5)
   returning l.user_id`,
);

/** True for the one process that may exchange this version of the token until `until`. */
export async function claimTokenRefresh(
  database: Queryable,
  { key, version, claimId, now, until }: TokenOf & { claimId: string; now: Date; until: Date },
): Promise<boolean> {
  const values = [key.userId, key.providerOrigin, version, claimId, now, until];
  return (await database.query(CLAIM, values)).length > 0;
}

const STORE = sql(
  'store_external_auth_refresh',
  `update external_auth_links l set
     access_token_encrypted = $4, refresh_token_encrypted = $5, token_key_id = $6, expires_at = $7,
     token_version = l.token_version + 1, rejected_at = null, refresh_claim_id = null, refresh_claimed_until = null,
     updated_at = now()
   where l.user_id = $1 and l.provider_origin = $2 and l.refresh_claim_id = $3
   returning l.token_version`,
);

/** The new tokens' version; null when the claim does not stand any more (the user linked anew). */
export async function storeRefreshedToken(
  database: Queryable,
  input: { key: LinkKey; claimId: string; pair: TokenPair; sealer: TokenSealer },
): Promise<number | null> {
  const { key, claimId, pair, sealer } = input;
  const values = [key.userId, key.providerOrigin, claimId, ...sealPair(sealer, key, pair)];
  const [row] = await database.query<{ token_version: number }>(STORE, values);
  return row?.token_version ?? null;
}

const RELEASE = sql(
  'release_external_auth_refresh',
  `update external_auth_links l set refresh_claim_id = null, refresh_claimed_until = null
   where l.user_id = $1 and l.provider_origin = $2 and l.refresh_claim_id = $3`,
);

/** The exchange failed for now; somebody may try again. */
export async function releaseTokenRefresh(
  database: Queryable,
  { key, claimId }: { key: LinkKey; claimId: string },
): Promise<void> {
  await database.query(RELEASE, [key.userId, key.providerOrigin, claimId]);
}
