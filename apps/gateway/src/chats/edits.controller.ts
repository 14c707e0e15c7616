/** Editing a message: it and everything after it is replaced, and the chat answers anew. */
import { Body, Controller, Inject, Param, Patch } from '@nestjs/common';
import { edit, type ChatStore, type EditInput } from '@parley/chat-state';
import { editMessageRequest, type EditMessageRequest } from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { UsageLimits } from '@parley/spend';
import { CurrentActor } from '../auth/current-actor';
import { CHAT_STORE } from '../dependencies';
import { chatApi } from '../http/paths';
import { integerParam, uuidParam, valid } from '../http/validate';
import { ModelChoices } from '../models/model-choices';
import { ChatAccess } from './chat-access';
import { assertNoForeignParts, toContent } from './content';

@Controller(chatApi('chats/:chat/messages'))
export class EditsController {
  constructor(
    @Inject(CHAT_STORE) private readonly store: ChatStore,
    private readonly access: ChatAccess,
    private readonly models: ModelChoices,
    private readonly limits: UsageLimits,
  ) {}

  @Patch(':message')
  async edit(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
    @Param('message', integerParam('message')) messageId: number,
    @Body(valid(editMessageRequest)) body: EditMessageRequest,
  ) {
    assertNoForeignParts(body);
    const modelConfigId = await this.models.chooseForChat(chatId, {
      userId: actor.userId,
      requestedId: body.model_config_id,
    });
    const input: EditInput = {
      chatId,
      ownerId: actor.userId,
      messageId,
      content: toContent(body.content),
      ...(modelConfigId === undefined ? {} : { modelConfigId }),
      ...(body.reasoning_effort === undefined || body.reasoning_effort === null
        ? {}
        : { reasoningEffort: body.reasoning_effort }),
    };
    const turn = { userId: actor.userId, replacesChatId: chatId };
    const result = await this.limits.within(turn, () => edit(this.store, input));
    const edited = await this.access.ofOwner(result, { actor, chatId });
    return {
      message: edited.message,
      messages: edited.messages,
      deleted_message_ids: edited.deletedMessageIds,
    };
  }
}
