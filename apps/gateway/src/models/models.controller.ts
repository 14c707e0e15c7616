/** The models of an organization: its members list them, administrators change them. */
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import {
  createModelRequest,
  updateModelRequest,
  type CreateModelRequest,
  type UpdateModelRequest,
} from '@parley/contracts';
import { Identity, type Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { api } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { toModel } from './model-rows';
import { Models } from './models';
import { assertMayConfigureOrganization, assertMaySeeOrganization } from './organization-access';

@Controller(api('organizations/:organization/chats/models'))
export class ModelsController {
  constructor(
    private readonly models: Models,
    private readonly identity: Identity,
  ) {}

  @Get()
  async list(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
  ) {
    await assertMaySeeOrganization(this.identity, actor, organizationId);
    return (await this.models.list(organizationId)).map(toModel);
  }

  @Post()
  async create(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
    @Body(valid(createModelRequest)) body: CreateModelRequest,
  ) {
    await assertMayConfigureOrganization(this.identity, actor, organizationId);
    return toModel(await this.models.create(organizationId, body));
  }

  @Get(':model')
  async read(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
    @Param('model', uuidParam('model')) id: string,
  ) {
    await assertMaySeeOrganization(this.identity, actor, organizationId);
    return toModel(await this.models.read({ organizationId, id }));
  }

  @Patch(':model')
  async update(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
    @Param('model', uuidParam('model')) id: string,
    @Body(valid(updateModelRequest)) body: UpdateModelRequest,
  ) {
    await assertMayConfigureOrganization(this.identity, actor, organizationId);
    return toModel(await this.models.update({ organizationId, id }, body));
  }

  @Delete(':model')
  @HttpCode(204)
  async delete(
    @CurrentActor() actor: Actor,
    @Param('organization', uuidParam('organization')) organizationId: string,
    @Param('model', uuidParam('model')) id: string,
  ) {
    await assertMayConfigureOrganization(this.identity, actor, organizationId);
    await this.models.delete({ organizationId, id });
  }
}
