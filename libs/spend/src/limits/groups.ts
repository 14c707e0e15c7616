/** Groups of users in an organization. Here they carry limits, and nothing else. */
import type { Bus } from '@parley/bus';
import { subjects, type CreateGroupRequest, type Group, type UpdateGroupRequest } from '@parley/contracts';
import { sql, sqlState, type Database } from '@parley/database';

const COLUMNS = `g.id, g.organization_id, g.name, g.display_name, coalesce((
    select jsonb_agg(jsonb_build_object('id', u.id, 'username', u.username, 'name', u.name) order by u.username)
    from group_members m join users u on u.id = m.user_id where m.group_id = g.id), '[]') as members`;

const SELECT_GROUPS = sql(
  'groups_select',
  `select ${COLUMNS} from groups g where g.organization_id = $1 order by g.name`,
);
const SELECT_GROUP = sql('groups_select_one', `select ${COLUMNS} from groups g where g.id = $1`);
const INSERT_GROUP = sql(
  'groups_insert',
  `insert into groups as g (organization_id, name, display_name) values ($1, $2, $3) returning ${COLUMNS}`,
);
const DELETE_GROUP = sql('groups_delete', 'delete from groups where id = $1 returning id');

// Only members of the organization can be members of its groups; others, and those who are in already, are left out.
const UPDATE_MEMBERS = sql(
  'groups_update_members',
  `with g as (select id, organization_id from groups where id = $1),
removed as (delete from group_members m using g where m.group_id = g.id and m.user_id = any ($3::uuid[]))
insert into group_members (group_id, user_id)
select g.id, o.user_id from g join organization_members o using (organization_id)
where o.user_id = any ($2::uuid[]) and o.user_id <> all ($3::uuid[])
on conflict do nothing`,
);

const UNIQUE_VIOLATION = '23505';

export class Groups {
  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
  ) {}

  list(organizationId: string): Promise<Group[]> {
    return this.database.query<Group>(SELECT_GROUPS, [organizationId]);
  }

  async read(groupId: string): Promise<Group | undefined> {
    const [group] = await this.database.query<Group>(SELECT_GROUP, [groupId]);
    return group;
  }

  /** Undefined when the organization has a group of this name (in any case). */
  async create(organizationId: string, input: CreateGroupRequest): Promise<Group | undefined> {
    try {
      const values = [organizationId, input.name, input.display_name];
      const [group] = await this.database.query<Group>(INSERT_GROUP, values);
      return group;
    } catch (error) {
      if (sqlState(error) === UNIQUE_VIOLATION) return undefined;
      throw error;
    }
  }

  /** Undefined when there is no such group. */
  async updateMembers(groupId: string, input: UpdateGroupRequest): Promise<Group | undefined> {
    await this.database.query(UPDATE_MEMBERS, [groupId, input.add_users, input.remove_users]);
    this.announce();
    return this.read(groupId);
  }

  /** False when there is no such group. */
  async delete(groupId: string): Promise<boolean> {
    const rows = await this.database.query(DELETE_GROUP, [groupId]);
    this.announce();
    return rows.length > 0;
  }

  private announce(): void {
    this.bus.publish(subjects.configChanged('usage_limits'), {});
  }
}
