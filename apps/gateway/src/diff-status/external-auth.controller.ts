/** The accounts of git hosts that a user has linked. Tokens come in, and never go out again. */
import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import {
  linkExternalAuthRequest,
  unlinkExternalAuthRequest,
  type ExternalAuthLink,
  type LinkExternalAuthRequest,
  type UnlinkExternalAuthRequest,
} from '@parley/contracts';
import { Database } from '@parley/database';
import { deleteLink, listLinks, markOwner, saveLink } from '@parley/diff-status';
import { Identity, SecretBox, type Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { notFound } from '../http/api-error';
import { api } from '../http/paths';
import { valid } from '../http/validate';
import { resolveUserId } from '../users/user-reference';

@Controller(api('users/:user/external-auth'))
export class ExternalAuthController {
  constructor(
    private readonly identity: Identity,
    private readonly database: Database,
    private readonly sealer: SecretBox,
  ) {}

  /** In place of an account of the same host. What waited for it is refreshed. */
  @Put()
  async link(
    @CurrentActor() actor: Actor,
    @Param('user') user: string,
    @Body(valid(linkExternalAuthRequest)) body: LinkExternalAuthRequest,
  ): Promise<ExternalAuthLink> {
    const { database, sealer } = this;
    const userId = await resolveUserId(this.identity, actor, user);
    const link = await saveLink(database, {
      key: { userId, providerOrigin: body.provider_origin },
      pair: {
        accessToken: body.access_token,
        refreshToken: body.refresh_token ?? null,
        expiresAt: body.expires_at === undefined ? null : new Date(body.expires_at),
      },
      sealer,
    });
    const { host } = new URL(body.provider_origin);
    await markOwner(database, { ownerId: userId, host, now: new Date() });
    return link;
  }

  @Get()
  async list(@CurrentActor() actor: Actor, @Param('user') user: string): Promise<ExternalAuthLink[]> {
    return listLinks(this.database, await resolveUserId(this.identity, actor, user));
  }

  @Delete()
  @HttpCode(204)
  async unlink(
    @CurrentActor() actor: Actor,
    @Param('user') user: string,
    @Body(valid(unlinkExternalAuthRequest)) body: UnlinkExternalAuthRequest,
  ): Promise<void> {
    const userId = await resolveUserId(this.identity, actor, user);
    const wasThere = await deleteLink(this.database, { userId, providerOrigin: body.provider_origin });
    if (!wasThere) throw notFound('linked account');
  }
}
