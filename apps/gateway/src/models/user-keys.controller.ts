/** A user's own keys, with all providers: what the policy of each is, and which keys there are. Keys come in and never go out. */
import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { userProviderKeyRequest, type UserProviderKey, type UserProviderKeyRequest } from '@parley/contracts';
import { Identity, type Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { forbidden } from '../http/api-error';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { resolveUserId } from '../users/user-reference';
import { UserKeys, type UserKeyRow } from './user-keys';

@Controller(chatApi('users/:user/ai-provider-keys'))
export class UserKeysController {
  constructor(
    private readonly keys: UserKeys,
    private readonly identity: Identity,
  ) {}

  @Get()
  async list(@CurrentActor() actor: Actor, @Param('user') user: string): Promise<UserProviderKey[]> {
    return (await this.keys.list(await this.ownId(actor, user))).map(toUserProviderKey);
  }

  @Put(':provider')
  async set(
    @CurrentActor() actor: Actor,
    @Param('user') user: string,
    @Param('provider', uuidParam('provider')) providerId: string,
    @Body(valid(userProviderKeyRequest)) body: UserProviderKeyRequest,
  ): Promise<UserProviderKey> {
    const userId = await this.ownId(actor, user);
    return toUserProviderKey(await this.keys.set({ userId, providerId, apiKey: body.api_key }));
  }

  @Delete(':provider')
  @HttpCode(204)
  async remove(
    @CurrentActor() actor: Actor,
    @Param('user') user: string,
    @Param('provider', uuidParam('provider')) providerId: string,
  ): Promise<void> {
    await this.keys.remove({ userId: await this.ownId(actor, user), providerId });
  }

  /** Not even administrators touch the keys of others: they would spend what is not theirs. */
  private async ownId(actor: Actor, user: string): Promise<string> {
    const userId = await resolveUserId(this.identity, actor, user);
    if (userId !== actor.userId) throw forbidden('Only users themselves manage their own keys.');
    return userId;
  }
}

const toUserProviderKey = (row: UserKeyRow): UserProviderKey => ({
  provider: { id: row.id, type: row.type, name: row.name, enabled: row.enabled },
  byok_enabled: row.allow_user_api_key,
  has_user_api_key: row.has_user_api_key,
  has_provider_api_key: row.has_provider_api_key,
});
