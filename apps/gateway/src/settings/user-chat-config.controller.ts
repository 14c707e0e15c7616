/** What users set about their own chats: their prompt, and when the history of a model is compacted. */
import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ChatSettingsStore } from '@parley/chat-settings';
import {
  updateCompactionThresholdRequest,
  userPrompt,
  type CompactionThreshold,
  type CompactionThresholds,
  type UpdateCompactionThresholdRequest,
  type UserPrompt,
} from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { notFound } from '../http/api-error';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { Models } from '../models/models';

@Controller(chatApi('chats/config'))
export class UserChatConfigController {
  constructor(
    private readonly store: ChatSettingsStore,
    private readonly models: Models,
  ) {}

  @Get('user-prompt')
  async prompt(@CurrentActor() actor: Actor): Promise<UserPrompt> {
    const { prompt } = await this.store.user(actor.userId);
    return { custom_prompt: prompt };
  }

  @Put('user-prompt')
  async setPrompt(
    @CurrentActor() actor: Actor,
    @Body(valid(userPrompt)) body: UserPrompt,
  ): Promise<UserPrompt> {
    await this.store.setUserPrompt(actor.userId, body.custom_prompt);
    return body;
  }

  @Get('user-compaction-thresholds')
  async thresholds(@CurrentActor() actor: Actor): Promise<CompactionThresholds> {
    const { thresholds } = await this.store.user(actor.userId);
    return {
      thresholds: Object.entries(thresholds).map(([modelConfigId, percent]) => ({
        model_config_id: modelConfigId,
        threshold_percent: percent,
      })),
    };
  }

  @Put('user-compaction-thresholds/:model')
  async setThreshold(
    @CurrentActor() actor: Actor,
    @Param('model', uuidParam('model')) modelConfigId: string,
    @Body(valid(updateCompactionThresholdRequest)) body: UpdateCompactionThresholdRequest,
  ): Promise<CompactionThreshold> {
    if (!(await this.models.isOneOf(actor.organizationIds, modelConfigId))) throw notFound('model');
    const percent = body.threshold_percent;
    await this.store.setThreshold({ userId: actor.userId, modelConfigId, percent });
    return { model_config_id: modelConfigId, threshold_percent: percent };
  }

  /** Also when there was none, and when the model is gone by now. */
  @Delete('user-compaction-thresholds/:model')
  @HttpCode(204)
  async removeThreshold(
    @CurrentActor() actor: Actor,
    @Param('model', uuidParam('model')) modelConfigId: string,
  ): Promise<void> {
    await this.store.removeThreshold({ userId: actor.userId, modelConfigId });
  }
}
