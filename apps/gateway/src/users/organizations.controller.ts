/** Organizations: administrators see all of them, others their own. */
import { Controller, Get } from '@nestjs/common';
import { Identity, type Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { api } from '../http/paths';
import { toOrganization } from './user-shapes';

@Controller(api('organizations'))
export class OrganizationsController {
  constructor(private readonly identity: Identity) {}

  @Get()
  async list(@CurrentActor() actor: Actor) {
    const organizations = await this.identity.listOrganizations(actor.isAdmin ? undefined : actor.userId);
    return organizations.map(toOrganization);
  }
}
