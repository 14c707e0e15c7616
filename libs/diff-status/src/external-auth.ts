/**
 * The tokens with which gitsync asks git hosts on behalf of users.
 *
 * Tokens are sealed, bound to their user and host, and leave this file only through `readToken`. An expiring token is exchanged by
 * one process at a time: it claims the link for a moment, asks the host without holding a lock, and stores what it got only
 * while its claim stands. A user who links again meanwhile wins. What is learned of a token (refused, rate limited) is
 * stored with its version, and forgotten with it.
 */
import type { ExternalAuthLink } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';

/** `SecretBox` of libs/identity is one. */
export interface TokenSealer {
  seal(plaintext: string, context: string): SealedToken;
  open(sealed: SealedToken, context: string): string;
}
export interface SealedToken {
  readonly ciphertext: Buffer;
  readonly keyId: string;
}

export interface LinkKey {
  readonly userId: string;
  /** Such as `https://github.com`. */
  readonly providerOrigin: string;
}

export interface TokenPair {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly expiresAt: Date | null;
}

/** A token ready for use, and what is known of it. */
export interface LinkedToken extends TokenPair {
  readonly version: number;
  readonly rejectedAt: Date | null;
  readonly rateLimitedUntil: Date | null;
}

const contextOf = (key: LinkKey, column: 'access_token' | 'refresh_token'): string =>
  `external_auth_links.${column} ${key.userId} ${key.providerOrigin}`;

export function sealPair(sealer: TokenSealer, key: LinkKey, pair: TokenPair): unknown[] {
  const access = sealer.seal(pair.accessToken, contextOf(key, 'access_token'));
  const refresh =
    pair.refreshToken === null ? null : sealer.seal(pair.refreshToken, contextOf(key, 'refresh_token'));
  return [access.ciphertext, refresh?.ciphertext ?? null, access.keyId, pair.expiresAt];
}

const SAVE = sql(
  'save_external_auth_link',
  `insert into external_auth_links as l
     (user_id, provider_origin, access_token_encrypted, refresh_token_encrypted, token_key_id, expires_at)
   values ($1, $2, $3, $4, $5, $6)
   on conflict (user_id, provider_origin) do update set
     access_token_encrypted = excluded.access_token_encrypted,
     refresh_token_encrypted = excluded.refresh_token_encrypted, token_key_id = excluded.token_key_id,
     expires_at = excluded.expires_at, token_version = l.token_version + 1, rejected_at = null,
     rate_limited_until = null, refresh_claim_id = null, refresh_claimed_until = null, updated_at = now()
   returning provider_origin, refresh_token_encrypted is not null as has_refresh_token, rejected_at, expires_at,
     rate_limited_until, created_at, updated_at`,
);

/** Links an account, in place of one linked before. */
export async function saveLink(
  database: Queryable,
  { key, pair, sealer }: { key: LinkKey; pair: TokenPair; sealer: TokenSealer },
): Promise<ExternalAuthLink> {
  const values = [key.userId, key.providerOrigin, ...sealPair(sealer, key, pair)];
  const [row] = await database.query<LinkRow>(SAVE, values);
  if (row === undefined) throw new Error('An upsert returned no row');
  return toLink(row);
}

const LIST = sql(
  'list_external_auth_links',
  `select l.provider_origin, l.refresh_token_encrypted is not null as has_refresh_token, l.rejected_at, l.expires_at,
     l.rate_limited_until, l.created_at, l.updated_at
   from external_auth_links l where l.user_id = $1 order by l.provider_origin`,
);

interface LinkRow {
  provider_origin: string;
  has_refresh_token: boolean;
  rejected_at: Date | null;
  expires_at: Date | null;
  rate_limited_until: Date | null;
  created_at: Date;
  updated_at: Date;
}

/** Without secrets. */
export async function listLinks(database: Queryable, userId: string): Promise<ExternalAuthLink[]> {
  return (await database.query<LinkRow>(LIST, [userId])).map(toLink);
}

function toLink(row: LinkRow): ExternalAuthLink {
  return {
    provider_origin: row.provider_origin,
    has_refresh_token: row.has_refresh_token,
    status: row.rejected_at === null ? 'linked' : 'rejected',
    ...(row.expires_at !== null && { expires_at: row.expires_at.toISOString() }),
    ...(row.rate_limited_until !== null && { rate_limited_until: row.rate_limited_until.toISOString() }),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

const DELETE = sql(
  'delete_external_auth_link',
  'delete from external_auth_links l where l.user_id = $1 and l.provider_origin = $2 returning l.user_id',
);

/** False when there was none. */
export async function deleteLink(database: Queryable, key: LinkKey): Promise<boolean> {
  return (await database.query(DELETE, [key.userId, key.providerOrigin])).length > 0;
}

const READ_TOKEN = sql(
  'read_external_auth_token',
  `select l.access_token_encrypted, l.refresh_token_encrypted, l.token_key_id, l.expires_at, l.token_version,
     l.rejected_at, l.rate_limited_until
   from external_auth_links l where l.user_id = $1 and l.provider_origin = $2`,
);

interface TokenRow {
  access_token_encrypted: Buffer;
  refresh_token_encrypted: Buffer | null;
  token_key_id: string;
  expires_at: Date | null;
  token_version: number;
  rejected_at: Date | null;
  rate_limited_until: Date | null;
}

/** Null when the user has not linked an account. @throws what the sealer throws when the tokens cannot be opened */
export async function readToken(
  database: Queryable,
  { key, sealer }: { key: LinkKey; sealer: TokenSealer },
): Promise<LinkedToken | null> {
  const [row] = await database.query<TokenRow>(READ_TOKEN, [key.userId, key.providerOrigin]);
  if (row === undefined) return null;
  const open = (ciphertext: Buffer, column: 'access_token' | 'refresh_token') =>
    sealer.open({ ciphertext, keyId: row.token_key_id }, contextOf(key, column));
  return {
    accessToken: open(row.access_token_encrypted, 'access_token'),
    refreshToken: row.refresh_token_encrypted && open(row.refresh_token_encrypted, 'refresh_token'),
    expiresAt: row.expires_at,
    version: row.token_version,
    rejectedAt: row.rejected_at,
    rateLimitedUntil: row.rate_limited_until,
  };
}
