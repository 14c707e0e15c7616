/** Who is asking: a user behind a valid token, and the one statement that finds them. */
import { sql, type Queryable } from '@parley/database';

export interface Actor {
  readonly userId: string;
  readonly username: string;
  readonly name: string;
  /** A deployment administrator. */
  readonly isAdmin: boolean;
  readonly organizationIds: readonly string[];
  readonly apiKeyId: string;
}

/** An actor with what checks a token against it. `validForMs` is what the key had left, by the database's clock. */
export interface KeyHolder {
  readonly actor: Actor;
  readonly hashedSecret: Buffer;
  readonly validForMs: number;
}

const SELECT_KEY_HOLDER = sql(
  'identity_key_holder',
  `select k.hashed_secret,
          extract(epoch from k.expires_at - now())::float8 * 1000 as valid_for_ms,
          u.id as user_id, u.username, u.name, u.is_admin,
          array(select m.organization_id::text from organization_members m
                where m.user_id = u.id order by m.created_at, m.organization_id) as organization_ids
   from api_keys k join users u on u.id = k.user_id
   where k.id = $1 and k.expires_at > now() and u.status = 'active'`,
);

interface KeyHolderRow {
  hashed_secret: Buffer;
  valid_for_ms: number;
  user_id: string;
  username: string;
  name: string;
  is_admin: boolean;
  organization_ids: string[];
}

/** The active user whose unexpired key has this id; null when there is none. */
export async function readKeyHolder(database: Queryable, apiKeyId: string): Promise<KeyHolder | null> {
  const [row] = await database.query<KeyHolderRow>(SELECT_KEY_HOLDER, [apiKeyId]);
  if (row === undefined) return null;
  const actor: Actor = Object.freeze({
    userId: row.user_id,
    username: row.username,
    name: row.name,
    isAdmin: row.is_admin,
    organizationIds: Object.freeze(row.organization_ids),
    apiKeyId,
  });
  return { actor, hashedSecret: row.hashed_secret, validForMs: row.valid_for_ms };
}
