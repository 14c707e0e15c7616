/** Groups of users, for administrators: what a limit can be set on besides a user. */
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import {
  createGroupRequest,
  updateGroupRequest,
  type CreateGroupRequest,
  type Group,
  type UpdateGroupRequest,
} from '@parley/contracts';
import { Identity, type Actor } from '@parley/identity';
import { Groups } from '@parley/spend';
import { CurrentActor } from '../auth/current-actor';
import { ApiError, forbidden, notFound } from '../http/api-error';
import { api } from '../http/paths';
import { uuidParam, valid } from '../http/validate';

@Controller(api(''))
export class GroupsController {
  constructor(
    private readonly groups: Groups,
    private readonly identity: Identity,
  ) {}

  @Get('organizations/:organization/groups')
  async list(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
  ): Promise<Group[]> {
    assertAdmin(actor);
    await this.assertOrganization(organizationId);
    return this.groups.list(organizationId);
  }

  @Post('organizations/:organization/groups')
  async create(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
    @Body(valid(createGroupRequest)) body: CreateGroupRequest,
  ): Promise<Group> {
    assertAdmin(actor);
    await this.assertOrganization(organizationId);
    const group = await this.groups.create(organizationId, body);
    if (group === undefined) throw new ApiError(409, 'A group with this name already exists.');
    return group;
  }

  @Patch('groups/:group')
  async update(
    @CurrentActor() actor: Actor,
    @Param('group', uuidParam('group')) groupId: string,
    @Body(valid(updateGroupRequest)) body: UpdateGroupRequest,
  ): Promise<Group> {
    assertAdmin(actor);
    const group = await this.groups.updateMembers(groupId, body);
    if (group === undefined) throw notFound('group');
    return group;
  }

  @Delete('groups/:group')
  @HttpCode(204)
  async delete(
    @CurrentActor() actor: Actor,
    @Param('group', uuidParam('group')) groupId: string,
  ): Promise<void> {
    assertAdmin(actor);
    if (!(await this.groups.delete(groupId))) throw notFound('group');
  }

  private async assertOrganization(organizationId: string): Promise<void> {
    const all = await this.identity.listOrganizations();
    if (!all.some(({ id }) => id === organizationId)) throw notFound('organization');
  }
}

function assertAdmin(actor: Actor): void {
  if (!actor.isAdmin) throw forbidden('Only administrators manage groups.');
}
