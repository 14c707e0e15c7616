/** The asker's own keys as clients of the experimental era ask for them: only for providers that take keys of users. */
import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import {
  userProviderKeyRequest,
  type UserProviderConfig,
  type UserProviderKeyRequest,
} from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { UserKeys, type UserKeyRow } from './user-keys';

@Controller(chatApi('chats/user-provider-configs'))
export class UserProviderConfigsController {
  constructor(private readonly keys: UserKeys) {}

  @Get()
  async list(@CurrentActor() actor: Actor): Promise<UserProviderConfig[]> {
    const rows = await this.keys.list(actor.userId);
    return rows.filter((row) => row.allow_user_api_key && row.enabled).map(toUserProviderConfig);
  }

  @Put(':provider')
  async set(
    @CurrentActor() actor: Actor,
    @Param('provider', uuidParam('provider')) providerId: string,
    @Body(valid(userProviderKeyRequest)) body: UserProviderKeyRequest,
  ): Promise<UserProviderConfig> {
    const { userId } = actor;
    return toUserProviderConfig(await this.keys.set({ userId, providerId, apiKey: body.api_key }));
  }

  @Delete(':provider')
  @HttpCode(204)
  async remove(
    @CurrentActor() actor: Actor,
    @Param('provider', uuidParam('provider')) providerId: string,
  ): Promise<void> {
    await this.keys.remove({ userId: actor.userId, providerId });
  }
}

const toUserProviderConfig = (row: UserKeyRow): UserProviderConfig => ({
  provider_id: row.id,
  provider: row.type,
  display_name: row.name,
  has_user_api_key: row.has_user_api_key,
  has_central_api_key_fallback: row.has_provider_api_key,
});
