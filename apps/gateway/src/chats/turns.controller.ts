/** Acting on the turn of a chat: stopping it, compacting what the model sees, or letting it start afresh. */
import { Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { clearContext, interrupt, requestCompaction, type ChatStore } from '@parley/chat-state';
import type { Chat } from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { CurrentActor } from '../auth/current-actor';
import { CHAT_STORE } from '../dependencies';
import { chatApi } from '../http/paths';
import { uuidParam } from '../http/validate';
import { accepted, ChatAccess, updaterCondition } from './chat-access';
import { toChat } from './chat-shape';

@Controller(chatApi('chats/:chat'))
export class TurnsController {
  constructor(
    @Inject(CHAT_STORE) private readonly store: ChatStore,
    private readonly access: ChatAccess,
  ) {}

  @Post('interrupt')
  @HttpCode(200)
  async interrupt(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
  ): Promise<Chat> {
    const { chat } = accepted(await interrupt(this.store, { chatId, ...updaterCondition(actor) }));
    return toChat(chat, actor);
  }

  @Post('compact')
  @HttpCode(200)
  async compact(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
  ): Promise<Chat> {
    const result = await requestCompaction(this.store, { chatId, ownerId: actor.userId });
    return toChat((await this.access.ofOwner(result, { actor, chatId })).chat, actor);
  }

  @Post('clear')
  @HttpCode(200)
  async clear(@CurrentActor() actor: Actor, @Param('chat', uuidParam('chat')) chatId: string): Promise<Chat> {
    const result = await clearContext(this.store, { chatId, ownerId: actor.userId });
    return toChat((await this.access.ofOwner(result, { actor, chatId })).chat, actor);
  }
}
