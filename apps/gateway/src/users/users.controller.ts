/** Users as rows: who am I, who is that, and creating one. */
import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { createUserRequest, type CreateUserRequest } from '@parley/contracts';
import { Identity, type Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { forbidden } from '../http/api-error';
import { api } from '../http/paths';
import { valid } from '../http/validate';
import { resolveUser, resolveUserId } from './user-reference';
import { toOrganization, toUser } from './user-shapes';

@Controller(api('users'))
export class UsersController {
  constructor(private readonly identity: Identity) {}

  @Post()
  async create(@CurrentActor() actor: Actor, @Body(valid(createUserRequest)) body: CreateUserRequest) {
    if (!actor.isAdmin) throw forbidden('Only administrators create users.');
    const { is_admin: isAdmin, ...input } = body;
    return toUser(await this.identity.createUser({ ...input, isAdmin }));
  }

  @Get(':user')
  async read(@CurrentActor() actor: Actor, @Param('user') user: string) {
    return toUser(await resolveUser(this.identity, actor, user));
  }

  @Get(':user/organizations')
  async organizations(@CurrentActor() actor: Actor, @Param('user') user: string) {
    const userId = await resolveUserId(this.identity, actor, user);
    return (await this.identity.listOrganizations(userId)).map(toOrganization);
  }
}
