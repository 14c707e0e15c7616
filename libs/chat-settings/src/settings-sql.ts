/** The statements that read settings: one each for the deployment, an organization, and a user. */
import type { ModelOverridePurpose, PersonalOverrideMode, PersonalOverridePurpose } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';

export interface DeploymentRow {
  readonly system_prompt: string;
  readonly include_default_system_prompt: boolean;
  readonly plan_mode_instructions: string;
  readonly allow_personal_model_overrides: boolean;
}

export interface OrganizationRow {
  readonly system_prompt: string;
  readonly overrides: Readonly<Partial<Record<ModelOverridePurpose, string>>>;
}

export interface UserRow {
  readonly prompt: string;
  /** Percent by model config id. */
  readonly thresholds: Readonly<Record<string, number>>;
  readonly overrides: readonly UserOverride[];
  /** The providers for which the user has a key. */
  readonly key_provider_ids: readonly string[];
}

export interface UserOverride {
  readonly organization_id: string;
  readonly purpose: PersonalOverridePurpose;
  readonly mode: PersonalOverrideMode;
  readonly model_config_id: string | null;
}

const SELECT_DEPLOYMENT = sql(
  'chat_settings_select_deployment',
  `select coalesce(s.system_prompt, '') as system_prompt,
    coalesce(s.include_default_system_prompt, coalesce(s.system_prompt, '') = '') as include_default_system_prompt,
    coalesce(s.plan_mode_instructions, '') as plan_mode_instructions,
    coalesce(s.allow_personal_model_overrides, false) as allow_personal_model_overrides
  from (values (true)) one left join chat_settings s on true`,
);

const SELECT_ORGANIZATION = sql(
  'chat_settings_select_organization',
  `select coalesce((select s.system_prompt from chat_organization_settings s where s.organization_id = $1), '') as system_prompt,
    coalesce((select jsonb_object_agg(o.purpose, o.model_config_id)
      from chat_organization_model_overrides o where o.organization_id = $1), '{}') as overrides`,
);

const SELECT_USER = sql(
  'chat_settings_select_user',
  `select coalesce((select s.prompt from chat_user_settings s where s.user_id = $1), '') as prompt,
    coalesce((select jsonb_object_agg(t.model_config_id, t.threshold_percent)
      from chat_user_compaction_thresholds t where t.user_id = $1), '{}') as thresholds,
    coalesce((select jsonb_agg(jsonb_build_object('organization_id', o.organization_id, 'purpose', o.purpose,
        'mode', o.mode, 'model_config_id', o.model_config_id) order by o.organization_id, o.purpose)
      from chat_user_model_overrides o where o.user_id = $1), '[]') as overrides,
    array(select k.provider_id::text from user_chat_provider_keys k where k.user_id = $1) as key_provider_ids`,
);

export const readDeployment = (database: Queryable): Promise<DeploymentRow> =>
  only(database.query<DeploymentRow>(SELECT_DEPLOYMENT, []));

export const readOrganization = (database: Queryable, organizationId: string): Promise<OrganizationRow> =>
  only(database.query<OrganizationRow>(SELECT_ORGANIZATION, [organizationId]));

export const readUser = (database: Queryable, userId: string): Promise<UserRow> =>
  only(database.query<UserRow>(SELECT_USER, [userId]));

async function only<Row>(rows: Promise<Row[]>): Promise<Row> {
  const [row] = await rows;
  if (row === undefined) throw new Error('Settings returned no row');
  return row;
}
