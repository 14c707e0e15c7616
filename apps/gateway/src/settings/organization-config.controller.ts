/** What administrators set about the chats of an organization: its prompt, and which models it takes for what. Members may read. */
import { Body, Controller, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ChatSettingsStore } from '@parley/chat-settings';
import {
  MODEL_OVERRIDE_PURPOSES,
  modelOverridePurpose,
  organizationSystemPrompt,
  updateModelOverrideRequest,
  type ModelOverridePurpose,
  type ModelOverrides,
  type OrganizationSystemPrompt,
  type UpdateModelOverrideRequest,
} from '@parley/contracts';
import { Identity, type Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { chatApi } from '../http/paths';
import { uuidParam, valid, wordParam } from '../http/validate';
import { Models } from '../models/models';
import { assertMayConfigureOrganization, assertMaySeeOrganization } from '../models/organization-access';

const purposeParam = wordParam('context', modelOverridePurpose);

@Controller(chatApi('organizations/:organization/chats'))
export class OrganizationConfigController {
  constructor(
    private readonly store: ChatSettingsStore,
    private readonly models: Models,
    private readonly identity: Identity,
  ) {}

  @Get('config/system-prompt')
  async prompt(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
  ): Promise<OrganizationSystemPrompt> {
    await assertMaySeeOrganization(this.identity, actor, organizationId);
    const { system_prompt } = await this.store.organization(organizationId);
    return { system_prompt };
  }

  @Put('config/system-prompt')
  @HttpCode(204)
  async setPrompt(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
    @Body(valid(organizationSystemPrompt)) body: OrganizationSystemPrompt,
  ): Promise<void> {
    await assertMayConfigureOrganization(this.identity, actor, organizationId);
    await this.store.setOrganizationPrompt(organizationId, body.system_prompt);
  }

  @Get('model-overrides')
  async overrides(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
  ): Promise<ModelOverrides> {
    await assertMaySeeOrganization(this.identity, actor, organizationId);
    const { overrides } = await this.store.organization(organizationId);
    return {
      overrides: MODEL_OVERRIDE_PURPOSES.flatMap((context) => {
        const modelConfigId = overrides[context];
        return modelConfigId === undefined ? [] : [{ context, model_config_id: modelConfigId }];
      }),
    };
  }

  @Put('model-overrides/:context')
  @HttpCode(204)
  async setOverride(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
    @Param('context', purposeParam) purpose: ModelOverridePurpose,
    @Body(valid(updateModelOverrideRequest)) body: UpdateModelOverrideRequest,
  ): Promise<void> {
    await assertMayConfigureOrganization(this.identity, actor, organizationId);
    const modelConfigId = body.model_config_id === '' ? null : body.model_config_id;
    if (modelConfigId !== null) await this.models.assertEnabled({ organizationId, id: modelConfigId });
    await this.store.setModelOverride({ organizationId, purpose, modelConfigId });
  }
}
