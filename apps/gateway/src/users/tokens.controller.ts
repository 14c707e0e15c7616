/** API tokens of a user. A token is shown once, when it is made; only its hash stays. */
import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { createTokenRequest, type CreateTokenRequest } from '@parley/contracts';
import { DEFAULT_TOKEN_LIFETIME_MS, Identity, type Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { notFound } from '../http/api-error';
import { api } from '../http/paths';
import { valid } from '../http/validate';
import { resolveUserId } from './user-reference';
import { toToken } from './user-shapes';

const NANOSECONDS_PER_MS = 1_000_000;
const TOKEN_ID = /^[A-Za-z0-9]{10}$/;

@Controller(api('users/:user/keys'))
export class TokensController {
  constructor(private readonly identity: Identity) {}

  @Post('tokens')
  async create(
    @CurrentActor() actor: Actor,
    @Param('user') user: string,
    @Body(valid(createTokenRequest)) body: CreateTokenRequest,
  ) {
    const userId = await resolveUserId(this.identity, actor, user);
    const lifetimeMs =
      body.lifetime === 0 ? DEFAULT_TOKEN_LIFETIME_MS : Math.ceil(body.lifetime / NANOSECONDS_PER_MS);
    const { token } = await this.identity.createToken({ userId, tokenName: body.token_name, lifetimeMs });
    return { key: token };
  }

  @Get('tokens')
  async list(@CurrentActor() actor: Actor, @Param('user') user: string) {
    const userId = await resolveUserId(this.identity, actor, user);
    return (await this.identity.listTokens(userId)).map(toToken);
  }

  @Delete(':id')
  @HttpCode(204)
  async revoke(@CurrentActor() actor: Actor, @Param('user') user: string, @Param('id') id: string) {
    const userId = await resolveUserId(this.identity, actor, user);
    const wasThere = TOKEN_ID.test(id) && (await this.identity.revoke({ id, userId }));
    if (!wasThere) throw notFound('token');
  }
}
