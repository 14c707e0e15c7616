/** Setting up a new deployment: the first user, and nothing after that. */
import { Body, Controller, Get, Post } from '@nestjs/common';
import { createFirstUserRequest, type CreateFirstUserRequest } from '@parley/contracts';
import { Identity } from '@parley/identity';
import { Public } from '../auth/current-actor';
import { LimitedByAddress } from '../auth/rate-limit.guard';
import { ApiError } from '../http/api-error';
import { api } from '../http/paths';
import { valid } from '../http/validate';

@Controller(api('users/first'))
export class FirstUserController {
  constructor(private readonly identity: Identity) {}

  /** 200 when the deployment has a user, 404 when it waits for its first one. */
  @Get()
  @Public()
  async exists() {
    if (await this.identity.hasFirstUser()) return { message: 'The first user has been created.' };
    throw new ApiError(404, 'There is no user yet: create the first one.');
  }

  @Post()
  @Public()
  @LimitedByAddress()
  async create(@Body(valid(createFirstUserRequest)) body: CreateFirstUserRequest) {
    const { userId, organizationId } = await this.identity.createFirstUser(body);
    return { user_id: userId, organization_id: organizationId };
  }
}
