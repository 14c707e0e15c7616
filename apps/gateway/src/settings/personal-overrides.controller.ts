/** Which models a user takes, in an organization, for chats of their own and for subagents, where the deployment allows it. */
import { Body, Controller, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ChatSettingsStore, type UserRow } from '@parley/chat-settings';
import {
  personalOverridePurpose,
  updatePersonalOverrideRequest,
  type PersonalModelOverride,
  type PersonalModelOverrides,
  type PersonalOverridePurpose,
  type UpdatePersonalOverrideRequest,
} from '@parley/contracts';
import { Identity, type Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { forbidden } from '../http/api-error';
import { chatApi } from '../http/paths';
import { uuidParam, valid, wordParam } from '../http/validate';
import { Models } from '../models/models';
import { assertMaySeeOrganization } from '../models/organization-access';
import { resolveUserId } from '../users/user-reference';

const purposeParam = wordParam('context', personalOverridePurpose);

@Controller(chatApi('organizations/:organization/members/:user/chats/model-overrides'))
export class PersonalOverridesController {
  constructor(
    private readonly store: ChatSettingsStore,
    private readonly models: Models,
    private readonly identity: Identity,
  ) {}

  @Get()
  async read(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
    @Param('user') user: string,
  ): Promise<PersonalModelOverrides> {
    await assertMaySeeOrganization(this.identity, actor, organizationId);
    const userId = await resolveUserId(this.identity, actor, user);
    const [deployment, organization, row] = await Promise.all([
      this.store.deployment(),
      this.store.organization(organizationId),
      this.store.user(userId),
    ]);
    const own = (purpose: PersonalOverridePurpose) => ownOverride(row, organizationId, purpose);
    const preset = (context: 'general' | 'explore') => ({
      context,
      model_config_id: organization.overrides[context] ?? '',
    });
    return {
      enabled: deployment.allow_personal_model_overrides,
      root: own('root'),
      general: own('general'),
      explore: own('explore'),
      deployment_defaults: { general: preset('general'), explore: preset('explore') },
    };
  }

  @Put(':context')
  @HttpCode(204)
  async set(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
    @Param('user') user: string,
    @Param('context', purposeParam) purpose: PersonalOverridePurpose,
    @Body(valid(updatePersonalOverrideRequest)) body: UpdatePersonalOverrideRequest,
  ): Promise<void> {
    await assertMaySeeOrganization(this.identity, actor, organizationId);
    const userId = await resolveUserId(this.identity, actor, user);
    if (userId !== actor.userId) throw forbidden('Only users themselves choose their own models.');
    const { allow_personal_model_overrides: areAllowed } = await this.store.deployment();
    if (!areAllowed) throw forbidden('This deployment does not allow models of your own.');
    const modelConfigId = body.model_config_id === '' ? null : body.model_config_id;
    if (modelConfigId !== null) await this.models.assertEnabled({ organizationId, id: modelConfigId });
    await this.store.setPersonalOverride({
      userId,
      organizationId,
      purpose,
      mode: body.mode,
      modelConfigId,
    });
  }
}

function ownOverride(
  { overrides }: UserRow,
  organizationId: string,
  purpose: PersonalOverridePurpose,
): PersonalModelOverride {
  const row = overrides.find(
    (override) => override.organization_id === organizationId && override.purpose === purpose,
  );
  return {
    context: purpose,
    mode: row?.mode ?? (purpose === 'root' ? 'chat_default' : 'deployment_default'),
    model_config_id: row?.model_config_id ?? '',
    is_set: row !== undefined,
  };
}
