/** Users as rows: creating, finding. Emails and usernames are unique whatever their letter case. */
import { sql, sqlState, type Database, type Queryable } from '@parley/database';
import { FirstUserExistsError, IdentityNotFoundError, UserExistsError } from './errors';

export interface UserProfile {
  readonly id: string;
  readonly email: string;
  readonly username: string;
  readonly name: string;
  readonly isAdmin: boolean;
  readonly status: 'active' | 'suspended';
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly organizationIds: readonly string[];
}

export interface NewUser {
  readonly email: string;
  readonly username: string;
  readonly name: string;
  readonly passwordHash: string | null;
  readonly isAdmin: boolean;
}

export const DEFAULT_ORGANIZATION = { name: 'default', displayName: 'Default' } as const;

/** An arbitrary constant, the same in every version of Parley: first users are made one at a time. */
const FIRST_USER_LOCK_KEY = 7_263_952;
const UNIQUE_VIOLATION = '23505';

const LOCK_FIRST_USER = sql('identity_lock_first_user', 'select pg_advisory_xact_lock($1)');

const USER_EXISTS = sql('identity_user_exists', 'select exists (select from users) as exists');

const INSERT_DEFAULT_ORGANIZATION = sql(
  'identity_insert_default_organization',
  `insert into organizations (name, display_name, is_default) values ($1, $2, true)
   on conflict (name) do update set is_default = true
   returning id`,
);

const INSERT_USER = sql(
  'identity_insert_user',
  `with u as (
     insert into users (email, username, name, password_hash, is_admin) values ($1, $2, $3, $4, $5)
     returning id
   ), m as (
     insert into organization_members (organization_id, user_id)
     select o.id, u.id from u join organizations o on o.is_default
   )
   select id from u`,
);

const SELECT_USER = sql(
  'identity_select_user',
  `select u.id, u.email, u.username, u.name, u.is_admin, u.status, u.created_at, u.updated_at,
          array(select m.organization_id::text from organization_members m
                where m.user_id = u.id order by m.created_at, m.organization_id) as organization_ids
   from users u
   where u.id = $1::uuid or lower(u.username) = lower($2::text)`,
);

interface UserRow {
  id: string;
  email: string;
  username: string;
  name: string;
  is_admin: boolean;
  status: 'active' | 'suspended';
  created_at: Date;
  updated_at: Date;
  organization_ids: string[];
}

export async function anyUserExists(database: Queryable): Promise<boolean> {
  const [row] = await database.query<{ exists: boolean }>(USER_EXISTS, []);
  return row?.exists === true;
}

/** Creates the default organization with its first member, an administrator; of concurrent calls one wins. @throws FirstUserExistsError */
export function insertFirstUser(
  database: Database,
  user: NewUser,
): Promise<{ userId: string; organizationId: string }> {
  return database.transaction(async (tx) => {
    await tx.query(LOCK_FIRST_USER, [FIRST_USER_LOCK_KEY]);
    if (await anyUserExists(tx)) throw new FirstUserExistsError();
    const [organization] = await tx.query<{ id: string }>(INSERT_DEFAULT_ORGANIZATION, [
      DEFAULT_ORGANIZATION.name,
      DEFAULT_ORGANIZATION.displayName,
    ]);
    if (organization === undefined) throw new IdentityNotFoundError('organization');
    return { userId: await insertUser(tx, user), organizationId: organization.id };
  });
}

/** Creates a member of the default organization. Returns the id. @throws UserExistsError naming the field that is taken. */
export async function insertUser(database: Queryable, user: NewUser): Promise<string> {
  const values = [user.email, user.username, user.name, user.passwordHash, user.isAdmin];
  const rows = await database.query<{ id: string }>(INSERT_USER, values).catch((error: unknown) => {
    throw sqlState(error) === UNIQUE_VIOLATION ? new UserExistsError(takenField(error)) : error;
  });
  const [row] = rows;
  if (row === undefined) throw new IdentityNotFoundError('user');
  return row.id;
}

/** By id, or by username whatever its letter case. */
export async function findUser(
  database: Queryable,
  by: { id: string } | { username: string },
): Promise<UserProfile | null> {
  const values = 'id' in by ? [by.id, null] : [null, by.username];
  const [row] = await database.query<UserRow>(SELECT_USER, values);
  return row === undefined ? null : toProfile(row);
}

function toProfile(row: UserRow): UserProfile {
  return {
    id: row.id,
    email: row.email,
    username: row.username,
    name: row.name,
    isAdmin: row.is_admin,
    status: row.status,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    organizationIds: row.organization_ids,
  };
}

function takenField(error: unknown): 'email' | 'username' {
  const constraint = error instanceof Error && 'constraint' in error ? error.constraint : undefined;
  return constraint === 'users_email' ? 'email' : 'username';
}
