/** Limits on spending: administrators set them, everybody sees where they stand. */
import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import {
  updateUsageLimitRequest,
  usageLimitOverrideRequest,
  type UpdateUsageLimitRequest,
  type UsageLimitConfig,
  type UsageLimitGroupOverride,
  type UsageLimitOverride,
  type UsageLimitOverrideRequest,
  type UsageLimits as UsageLimitsBody,
  type UsageLimitStatus,
} from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { UsageLimits, UsageLimitSettings } from '@parley/spend';
import { CurrentActor } from '../auth/current-actor';
import { forbidden, notFound } from '../http/api-error';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';

@Controller(chatApi('chats/usage-limits'))
export class UsageLimitsController {
  constructor(
    private readonly settings: UsageLimitSettings,
    private readonly limits: UsageLimits,
  ) {}

  @Get()
  async read(@CurrentActor() actor: Actor): Promise<UsageLimitsBody> {
    assertAdmin(actor);
    return this.settings.read();
  }

  @Put()
  async update(
    @CurrentActor() actor: Actor,
    @Body(valid(updateUsageLimitRequest)) body: UpdateUsageLimitRequest,
  ): Promise<UsageLimitConfig> {
    assertAdmin(actor);
    return this.settings.update(body);
  }

  @Get('status')
  async status(@CurrentActor() actor: Actor): Promise<UsageLimitStatus> {
    return this.limits.status(actor.userId);
  }

  @Put('overrides/:user')
  async setUserLimit(
    @CurrentActor() actor: Actor,
    @Param('user', uuidParam('user')) userId: string,
    @Body(valid(usageLimitOverrideRequest)) body: UsageLimitOverrideRequest,
  ): Promise<UsageLimitOverride> {
    assertAdmin(actor);
    return existing(await this.settings.setUserLimit(userId, body.spend_limit_micros), 'user');
  }

  @Delete('overrides/:user')
  @HttpCode(204)
  async removeUserLimit(
    @CurrentActor() actor: Actor,
    @Param('user', uuidParam('user')) userId: string,
  ): Promise<void> {
    assertAdmin(actor);
    existing(await this.settings.setUserLimit(userId, null), 'override');
  }

  @Put('group-overrides/:group')
  async setGroupLimit(
    @CurrentActor() actor: Actor,
    @Param('group', uuidParam('group')) groupId: string,
    @Body(valid(usageLimitOverrideRequest)) body: UsageLimitOverrideRequest,
  ): Promise<UsageLimitGroupOverride> {
    assertAdmin(actor);
    return existing(await this.settings.setGroupLimit(groupId, body.spend_limit_micros), 'group');
  }

  @Delete('group-overrides/:group')
  @HttpCode(204)
  async removeGroupLimit(
    @CurrentActor() actor: Actor,
    @Param('group', uuidParam('group')) groupId: string,
  ): Promise<void> {
    assertAdmin(actor);
    existing(await this.settings.setGroupLimit(groupId, null), 'override');
  }
}

function assertAdmin(actor: Actor): void {
  if (!actor.isAdmin) throw forbidden('Only administrators see and set usage limits.');
}

function existing<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw notFound(what);
  return value;
}
