/** What administrators set about the chats of the deployment. Others do not learn that there is anything here to read. */
import { Body, Controller, Get, HttpCode, Put } from '@nestjs/common';
import { ChatSettingsStore, DEFAULT_SYSTEM_PROMPT } from '@parley/chat-settings';
import {
  personalOverridesAllowed,
  planModeInstructions,
  updateSystemPromptRequest,
  type PersonalOverridesAllowed,
  type PlanModeInstructions,
  type SystemPromptResponse,
  type UpdateSystemPromptRequest,
} from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { forbidden, notFound } from '../http/api-error';
import { chatApi } from '../http/paths';
import { valid } from '../http/validate';

@Controller(chatApi('chats/config'))
export class ChatConfigController {
  constructor(private readonly store: ChatSettingsStore) {}

  @Get('system-prompt')
  async systemPrompt(@CurrentActor() actor: Actor): Promise<SystemPromptResponse> {
    assertMayRead(actor);
    const row = await this.store.deployment();
    return {
      system_prompt: row.system_prompt,
      include_default_system_prompt: row.include_default_system_prompt,
      default_system_prompt: DEFAULT_SYSTEM_PROMPT,
    };
  }

  @Put('system-prompt')
  @HttpCode(204)
  async setSystemPrompt(
    @CurrentActor() actor: Actor,
    @Body(valid(updateSystemPromptRequest)) body: UpdateSystemPromptRequest,
  ): Promise<void> {
    assertMayWrite(actor);
    const { system_prompt: prompt, include_default_system_prompt: includesDefault } = body;
    await this.store.setSystemPrompt({ prompt, includesDefault });
  }

  @Get('plan-mode-instructions')
  async planModeInstructions(@CurrentActor() actor: Actor): Promise<PlanModeInstructions> {
    assertMayRead(actor);
    const { plan_mode_instructions } = await this.store.deployment();
    return { plan_mode_instructions };
  }

  @Put('plan-mode-instructions')
  @HttpCode(204)
  async setPlanModeInstructions(
    @CurrentActor() actor: Actor,
    @Body(valid(planModeInstructions)) body: PlanModeInstructions,
  ): Promise<void> {
    assertMayWrite(actor);
    await this.store.setPlanModeInstructions(body.plan_mode_instructions);
  }

  @Get('personal-model-overrides')
  async personalOverrides(@CurrentActor() actor: Actor): Promise<PersonalOverridesAllowed> {
    assertMayRead(actor);
    const { allow_personal_model_overrides: areAllowed } = await this.store.deployment();
    return { allow_users: areAllowed };
  }

  @Put('personal-model-overrides')
  @HttpCode(204)
  async allowPersonalOverrides(
    @CurrentActor() actor: Actor,
    @Body(valid(personalOverridesAllowed)) body: PersonalOverridesAllowed,
  ): Promise<void> {
    assertMayWrite(actor);
    await this.store.allowPersonalOverrides(body.allow_users);
  }
}

function assertMayRead(actor: Actor): void {
  if (!actor.isAdmin) throw notFound();
}

function assertMayWrite(actor: Actor): void {
  if (!actor.isAdmin) throw forbidden('Only administrators configure the chats of the deployment.');
}
