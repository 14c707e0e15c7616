/** What people set: written here, each with a word to the caches of all processes. Reads are fresh, for those who look at settings. */
import type { Bus } from '@parley/bus';
import {
  subjects,
  type ModelOverridePurpose,
  type PersonalOverrideMode,
  type PersonalOverridePurpose,
} from '@parley/contracts';
import { sql, type Database, type SqlStatement } from '@parley/database';
import {
  readDeployment,
  readOrganization,
  readUser,
  type DeploymentRow,
  type OrganizationRow,
  type UserRow,
} from './settings-sql';

const UPSERT_SYSTEM_PROMPT = sql(
  'chat_settings_upsert_system_prompt',
  `insert into chat_settings as s (system_prompt, include_default_system_prompt) values ($1, $2)
  on conflict (is_only_row) do update set system_prompt = $1,
    include_default_system_prompt = coalesce($2, s.include_default_system_prompt), updated_at = now()`,
);
const UPSERT_PLAN_MODE = sql(
  'chat_settings_upsert_plan_mode',
  `insert into chat_settings (plan_mode_instructions) values ($1)
  on conflict (is_only_row) do update set plan_mode_instructions = $1, updated_at = now()`,
);
const UPSERT_ALLOW_PERSONAL = sql(
  'chat_settings_upsert_allow_personal',
  `insert into chat_settings (allow_personal_model_overrides) values ($1)
  on conflict (is_only_row) do update set allow_personal_model_overrides = $1, updated_at = now()`,
);
const UPSERT_ORGANIZATION_PROMPT = sql(
  'chat_settings_upsert_organization_prompt',
  `insert into chat_organization_settings (organization_id, system_prompt) values ($1, $2)
  on conflict (organization_id) do update set system_prompt = $2, updated_at = now()`,
);
const UPSERT_USER_PROMPT = sql(
  'chat_settings_upsert_user_prompt',
  `insert into chat_user_settings (user_id, prompt) values ($1, $2)
  on conflict (user_id) do update set prompt = $2, updated_at = now()`,
);
const UPSERT_THRESHOLD = sql(
  'chat_settings_upsert_threshold',
  `insert into chat_user_compaction_thresholds (user_id, model_config_id, threshold_percent) values ($1, $2, $3)
  on conflict (user_id, model_config_id) do update set threshold_percent = $3, updated_at = now()`,
);
const DELETE_THRESHOLD = sql(
  'chat_settings_delete_threshold',
  'delete from chat_user_compaction_thresholds where user_id = $1 and model_config_id = $2',
);
const UPSERT_MODEL_OVERRIDE = sql(
  'chat_settings_upsert_model_override',
  `insert into chat_organization_model_overrides (organization_id, purpose, model_config_id) values ($1, $2, $3)
  on conflict (organization_id, purpose) do update set model_config_id = $3, updated_at = now()`,
);
const DELETE_MODEL_OVERRIDE = sql(
  'chat_settings_delete_model_override',
  'delete from chat_organization_model_overrides where organization_id = $1 and purpose = $2',
);
const UPSERT_PERSONAL_OVERRIDE = sql(
  'chat_settings_upsert_personal_override',
  `insert into chat_user_model_overrides (user_id, organization_id, purpose, mode, model_config_id) values ($1, $2, $3, $4, $5)
  on conflict (user_id, organization_id, purpose) do update set mode = $4, model_config_id = $5, updated_at = now()`,
);

export class ChatSettingsStore {
  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
  ) {}

  deployment(): Promise<DeploymentRow> {
    return readDeployment(this.database);
  }

  organization(organizationId: string): Promise<OrganizationRow> {
    return readOrganization(this.database, organizationId);
  }

  user(userId: string): Promise<UserRow> {
    return readUser(this.database, userId);
  }

  /** `includesDefault` undefined: as it was. */
  setSystemPrompt(input: { prompt: string; includesDefault: boolean | undefined }): Promise<void> {
    return this.write(UPSERT_SYSTEM_PROMPT, [input.prompt, input.includesDefault ?? null]);
  }

  setPlanModeInstructions(text: string): Promise<void> {
    return this.write(UPSERT_PLAN_MODE, [text]);
  }

  allowPersonalOverrides(areAllowed: boolean): Promise<void> {
    return this.write(UPSERT_ALLOW_PERSONAL, [areAllowed]);
  }

  setOrganizationPrompt(organizationId: string, prompt: string): Promise<void> {
    return this.write(UPSERT_ORGANIZATION_PROMPT, [organizationId, prompt], organizationId);
  }

  setUserPrompt(userId: string, prompt: string): Promise<void> {
    return this.write(UPSERT_USER_PROMPT, [userId, prompt], userId);
  }

  setThreshold(input: { userId: string; modelConfigId: string; percent: number }): Promise<void> {
    const { userId, modelConfigId, percent } = input;
    return this.write(UPSERT_THRESHOLD, [userId, modelConfigId, percent], userId);
  }

  removeThreshold(input: { userId: string; modelConfigId: string }): Promise<void> {
    return this.write(DELETE_THRESHOLD, [input.userId, input.modelConfigId], input.userId);
  }

  /** Null: the organization takes no other model for it any more. */
  setModelOverride(input: {
    organizationId: string;
    purpose: ModelOverridePurpose;
    modelConfigId: string | null;
  }): Promise<void> {
    const { organizationId, purpose, modelConfigId } = input;
    return modelConfigId === null
      ? this.write(DELETE_MODEL_OVERRIDE, [organizationId, purpose], organizationId)
      : this.write(UPSERT_MODEL_OVERRIDE, [organizationId, purpose, modelConfigId], organizationId);
  }

  setPersonalOverride(input: {
    userId: string;
    organizationId: string;
    purpose: PersonalOverridePurpose;
    mode: PersonalOverrideMode;
    modelConfigId: string | null;
  }): Promise<void> {
    const { userId, organizationId, purpose, mode, modelConfigId } = input;
    return this.write(
      UPSERT_PERSONAL_OVERRIDE,
      [userId, organizationId, purpose, mode, modelConfigId],
      userId,
    );
  }

  /** @param concerns the id of the organization or user; absent for the deployment */
  private async write(statement: SqlStatement, values: readonly unknown[], concerns?: string): Promise<void> {
    await this.database.query(statement, values);
    this.bus.publish(subjects.configChanged('chat_settings'), concerns === undefined ? {} : { id: concerns });
  }
}
