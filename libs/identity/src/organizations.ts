/** Organizations as rows. */
import { sql, type Queryable } from '@parley/database';

export interface OrganizationProfile {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly isDefault: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

interface OrganizationRow {
  id: string;
  name: string;
  display_name: string;
  is_default: boolean;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = 'o.id, o.name, o.display_name, o.is_default, o.created_at, o.updated_at';

const SELECT_ORGANIZATIONS_OF = sql(
  'identity_organizations_of',
  `select ${COLUMNS} from organizations o join organization_members m on m.organization_id = o.id
   where m.user_id = $1 order by o.name`,
);

const SELECT_ORGANIZATIONS = sql(
  'identity_organizations',
  `select ${COLUMNS} from organizations o order by o.name`,
);

/** The organizations a user is a member of, by name; without a user id, all of them. */
export async function listOrganizations(
  database: Queryable,
  userId?: string,
): Promise<OrganizationProfile[]> {
  const rows =
    userId === undefined
      ? await database.query<OrganizationRow>(SELECT_ORGANIZATIONS, [])
      : await database.query<OrganizationRow>(SELECT_ORGANIZATIONS_OF, [userId]);
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    displayName: row.display_name,
    isDefault: row.is_default,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));
}
