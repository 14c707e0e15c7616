/** Notifications in a user's browsers. The webpush service does the work; here is who may ask for it, and what its answers mean. */
import { Body, Controller, Delete, HttpCode, Param, Post } from '@nestjs/common';
import {
  createPushSubscriptionRequest,
  deletePushSubscriptionRequest,
  type CreatePushSubscriptionRequest,
  type DeletePushSubscriptionRequest,
} from '@parley/contracts';
import { Identity, type Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { forbidden, notFound } from '../http/api-error';
import { api } from '../http/paths';
import { valid } from '../http/validate';
import { resolveUserId } from '../users/user-reference';
import { assertStored, assertTested } from './refusals';
import { WebpushRequests } from './webpush-requests';

@Controller(api('users/:user/webpush'))
export class WebpushController {
  constructor(
    private readonly identity: Identity,
    private readonly webpush: WebpushRequests,
  ) {}

  /** Only for oneself: who could add a browser to somebody else's account would read along in their chats. */
  @Post('subscription')
  @HttpCode(204)
  async subscribe(
    @CurrentActor() actor: Actor,
    @Param('user') user: string,
    @Body(valid(createPushSubscriptionRequest)) body: CreatePushSubscriptionRequest,
  ) {
    const userId = await resolveUserId(this.identity, actor, user);
    if (userId !== actor.userId) throw forbidden('Users subscribe their browsers themselves.');
    assertStored(await this.webpush.subscribe({ ...body, user_id: userId }));
  }

  @Delete('subscription')
  @HttpCode(204)
  async unsubscribe(
    @CurrentActor() actor: Actor,
    @Param('user') user: string,
    @Body(valid(deletePushSubscriptionRequest)) body: DeletePushSubscriptionRequest,
  ) {
    const userId = await resolveUserId(this.identity, actor, user);
    const { removed } = await this.webpush.unsubscribe({ ...body, user_id: userId });
    if (!removed) throw notFound('subscription');
  }

  @Post('test')
  @HttpCode(204)
  async test(@CurrentActor() actor: Actor, @Param('user') user: string) {
    const userId = await resolveUserId(this.identity, actor, user);
    assertTested(await this.webpush.test({ user_id: userId }));
  }
}
