/** The queue of a chat: taking a message out of it, or running it at once. */
import { Controller, Delete, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { deleteQueued, promoteQueued, type ChatStore } from '@parley/chat-state';
import type { CreateMessageResponse } from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { UsageLimits } from '@parley/spend';
import { CurrentActor } from '../auth/current-actor';
import { CHAT_STORE } from '../dependencies';
import { chatApi } from '../http/paths';
import { integerParam, uuidParam } from '../http/validate';
import { accepted, ChatAccess, updaterCondition } from './chat-access';
import { toSendResponse } from './messages.controller';

@Controller(chatApi('chats/:chat/queue/:message'))
export class QueueController {
  constructor(
    @Inject(CHAT_STORE) private readonly store: ChatStore,
    private readonly access: ChatAccess,
    private readonly limits: UsageLimits,
  ) {}

  @Delete()
  @HttpCode(204)
  async delete(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
    @Param('message', integerParam('message')) queuedMessageId: number,
  ): Promise<void> {
    accepted(await deleteQueued(this.store, { chatId, ...updaterCondition(actor), queuedMessageId }));
  }

  @Post('promote')
  @HttpCode(202)
  async promote(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
    @Param('message', integerParam('message')) queuedMessageId: number,
  ): Promise<CreateMessageResponse> {
    const { userId } = actor;
    const result = await this.limits.within({ userId, isQueued: true }, () =>
      promoteQueued(this.store, { chatId, ownerId: userId, queuedMessageId }),
    );
    return toSendResponse(await this.access.ofOwner(result, { actor, chatId }));
  }
}
