/**
 * Settings without a statement on the hot path.
 *
 * What the deployment, an organization and a user have set is one read each, kept for a minute, within a bound of bytes, and
 * forgotten when the bus says that it changed (`config.chat_settings.changed`, with the id of whom it concerns, or without for the
 * deployment). A read that was under way when it was forgotten answers those who wait for it and is not kept.
 */
import { Remembered, type Queryable } from '@parley/database';
import type { ModelOverridePurpose, PersonalOverridePurpose } from '@parley/contracts';
import type { ChatSettings, PersonalOverride, PromptOverlay, SystemPrompts } from './settings';
import {
  readDeployment,
  readOrganization,
  readUser,
  type DeploymentRow,
  type OrganizationRow,
  type UserRow,
} from './settings-sql';

const TTL_MS = 60_000;
const MAX_ORGANIZATIONS = 2_000;
const MAX_USERS = 20_000;
const MAX_BYTES_EACH = 32 * 1024 * 1024;
/** Of a threshold or an override in memory, about. */
const ITEM_BYTES = 256;

export interface CachedChatSettingsOptions {
  readonly database: Queryable;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export class CachedChatSettings implements ChatSettings {
  private readonly deployment: Remembered<DeploymentRow>;
  private readonly organizations: Remembered<OrganizationRow>;
  private readonly users: Remembered<UserRow>;

  constructor({ database, now }: CachedChatSettingsOptions) {
    this.deployment = new Remembered({
      read: () => readDeployment(database),
      ttlMs: TTL_MS,
      maxEntries: 1,
      now,
    });
    this.organizations = new Remembered({
      read: (id) => readOrganization(database, id),
      ttlMs: TTL_MS,
      maxEntries: MAX_ORGANIZATIONS,
      memory: { maxBytes: MAX_BYTES_EACH, bytesOf: bytesOfOrganization },
      now,
    });
    this.users = new Remembered({
      read: (id) => readUser(database, id),
      ttlMs: TTL_MS,
      maxEntries: MAX_USERS,
      memory: { maxBytes: MAX_BYTES_EACH, bytesOf: bytesOfUser },
      now,
    });
  }

  async promptOverlay(ownerId: string): Promise<PromptOverlay> {
    const [{ prompt }, { plan_mode_instructions: planModeInstructions }] = await Promise.all([
      this.users.get(ownerId),
      this.deployment.get(''),
    ]);
    return { userPrompt: prompt, planModeInstructions };
  }

  async compactionThreshold(input: { ownerId: string; modelConfigId: string }): Promise<number | undefined> {
    const { thresholds } = await this.users.get(input.ownerId);
    return thresholds[input.modelConfigId];
  }

  async modelOverride(input: {
    organizationId: string;
    purpose: ModelOverridePurpose;
  }): Promise<string | undefined> {
    const { overrides } = await this.organizations.get(input.organizationId);
    return overrides[input.purpose];
  }

  async personalModelOverride(input: {
    userId: string;
    organizationId: string;
    purpose: PersonalOverridePurpose;
  }): Promise<PersonalOverride | undefined> {
    const { allow_personal_model_overrides: areAllowed } = await this.deployment.get('');
    if (!areAllowed) return undefined;
    const { overrides } = await this.users.get(input.userId);
    const row = overrides.find(
      (override) => override.organization_id === input.organizationId && override.purpose === input.purpose,
    );
    if (row === undefined) return undefined;
    const { mode, model_config_id: modelConfigId } = row;
    return { mode, ...(modelConfigId !== null && { modelConfigId }) };
  }

  async hasOwnKey({ userId, providerId }: { userId: string; providerId: string }): Promise<boolean> {
    const { key_provider_ids: ids } = await this.users.get(userId);
    return ids.includes(providerId);
  }

  async systemPrompts({ organizationId }: { organizationId: string }): Promise<SystemPrompts> {
    const [deployment, organization] = await Promise.all([
      this.deployment.get(''),
      this.organizations.get(organizationId),
    ]);
    return {
      deployment: deployment.system_prompt,
      includesDefault: deployment.include_default_system_prompt,
      organization: organization.system_prompt,
    };
  }

  /** Call it on `config.chat_settings.changed` with its id, and without one when the bus was away. */
  invalidate(id?: string): void {
    if (id === undefined) this.deployment.forget();
    this.organizations.forget(id);
    this.users.forget(id);
  }
}

const bytesOfOrganization = ({ system_prompt: prompt, overrides }: OrganizationRow): number =>
  2 * prompt.length + ITEM_BYTES * Object.keys(overrides).length;

const bytesOfUser = ({ prompt, thresholds, overrides, key_provider_ids: keys }: UserRow): number =>
  2 * prompt.length + ITEM_BYTES * (Object.keys(thresholds).length + overrides.length + keys.length);
