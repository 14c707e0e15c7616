/** API keys as rows: sessions made by a login, and tokens made for programs. */
import { sql, sqlState, type Queryable } from '@parley/database';
import { IdentityNotFoundError } from './errors';
import { newToken } from './token';

export interface ApiKeyProfile {
  readonly id: string;
  readonly userId: string;
  readonly tokenName: string;
  readonly kind: 'session' | 'token';
  readonly expiresAt: Date;
  readonly createdAt: Date;
}

export interface NewApiKey {
  readonly userId: string;
  readonly kind: 'session' | 'token';
  readonly tokenName: string;
  readonly lifetimeMs: number;
}

const FOREIGN_KEY_VIOLATION = '23503';

const INSERT_KEY = sql(
  'identity_insert_key',
  `insert into api_keys (id, user_id, hashed_secret, token_name, kind, expires_at)
   values ($1, $2, $3, $4, $5, now() + $6::float8 * interval '1 millisecond')
   returning expires_at`,
);

const SELECT_KEYS = sql(
  'identity_select_keys',
  `select id, user_id, token_name, kind, expires_at, created_at from api_keys
   where user_id = $1 and kind = 'token' and expires_at > now() order by created_at desc, id`,
);

const DELETE_KEY = sql(
  'identity_delete_key',
  'delete from api_keys where id = $1 and user_id = $2 returning id',
);

/** Stores the hash and returns the token, this once, with its end. @throws IdentityNotFoundError when the user is gone. */
export async function insertApiKey(
  database: Queryable,
  key: NewApiKey,
): Promise<{ token: string; id: string; expiresAt: Date }> {
  const { id, token, hashedSecret } = newToken();
  const values = [id, key.userId, hashedSecret, key.tokenName, key.kind, key.lifetimeMs];
  const rows = await database.query<{ expires_at: Date }>(INSERT_KEY, values).catch((error: unknown) => {
    throw sqlState(error) === FOREIGN_KEY_VIOLATION ? new IdentityNotFoundError('user') : error;
  });
  const [row] = rows;
  if (row === undefined) throw new IdentityNotFoundError('token');
  return { token, id, expiresAt: row.expires_at };
}

/** The tokens of a user that are still valid, newest first. Sessions are not listed. */
export async function listApiKeys(database: Queryable, userId: string): Promise<ApiKeyProfile[]> {
  const rows = await database.query<{
    id: string;
    user_id: string;
    token_name: string;
    kind: 'session' | 'token';
    expires_at: Date;
    created_at: Date;
  }>(SELECT_KEYS, [userId]);
  return rows.map((row) => ({
    id: row.id,
    userId: row.user_id,
    tokenName: row.token_name,
    kind: row.kind,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
  }));
}

/** False when this user has no such key. */
export async function deleteApiKey(
  database: Queryable,
  key: { id: string; userId: string },
): Promise<boolean> {
  const rows = await database.query(DELETE_KEY, [key.id, key.userId]);
  return rows.length > 0;
}
