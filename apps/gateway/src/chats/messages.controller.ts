/**
 * The path of a message, 1 of 6; next: libs/chat-state/src/transitions/send.ts
 *
 * A message comes in: who sends it is known from the token (cached), its body is parsed and checked, and `send` decides in one
 * statement, which also checks that the sender owns the chat. No other statement runs for a message that keeps the chat's model, nor
 * for one with an `Idempotency-Key` unless it is refused.
 */
import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import {
  readMessages,
  readRepeatedSend,
  send,
  toClientQueue,
  type ChatStore,
  type OnceKey,
  type SendInput,
  type SendResult,
} from '@parley/chat-state';
import {
  createMessageRequest,
  messagesQuery,
  type CreateMessageRequest,
  type CreateMessageResponse,
  type MessagesQuery,
  type MessagesResponse,
} from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { UsageLimits } from '@parley/spend';
import { CurrentActor } from '../auth/current-actor';
import { CHAT_STORE } from '../dependencies';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { ModelChoices } from '../models/model-choices';
import { ChatAccess } from './chat-access';
import { assertNoForeignParts, toContent } from './content';
import { IdempotencyKey, once } from './idempotency';

@Controller(chatApi('chats/:chat/messages'))
export class MessagesController {
  constructor(
    @Inject(CHAT_STORE) private readonly store: ChatStore,
    private readonly access: ChatAccess,
    private readonly models: ModelChoices,
    private readonly limits: UsageLimits,
  ) {}

  @Post()
  @HttpCode(200)
  async send(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
    @Body(valid(createMessageRequest)) body: CreateMessageRequest,
    @IdempotencyKey() key: string | undefined,
  ): Promise<CreateMessageResponse> {
    const { userId } = actor;
    const request = { key, route: 'POST chats/:chat/messages', chatId, body } as const;
    const sent = await once<SendResult>(request, {
      work: (onceKey) => this.sendFor(actor, { chatId, body, once: onceKey }),
      readRepeat: (onceKey) => readRepeatedSend(this.store.database, { userId, once: onceKey }),
    });
    return toSendResponse(sent);
  }

  /** Ascending with `after_id` alone, descending otherwise. The queue comes with the first page only. */
  @Get()
  async list(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
    @Query(valid(messagesQuery)) query: MessagesQuery,
  ): Promise<MessagesResponse> {
    const { after_id: afterId, before_id: beforeId, limit } = query;
    const chat = await this.access.readable(actor, chatId);
    const page = await readMessages(this.store.database, {
      chatId,
      limit,
      ...(afterId === undefined ? {} : { afterId }),
      ...(beforeId === undefined ? {} : { beforeId }),
    });
    const isFirstPage = afterId === undefined && beforeId === undefined;
    return {
      messages: page.messages,
      queued_messages: isFirstPage ? toClientQueue(chat) : [],
      has_more: page.hasMore,
    };
  }

  private async sendFor(
    actor: Actor,
    asked: { chatId: string; body: CreateMessageRequest; once: OnceKey | undefined },
  ): Promise<SendResult> {
    const { chatId, body, once: onceKey } = asked;
    assertNoForeignParts(body);
    const modelConfigId = await this.models.chooseForChat(chatId, {
      userId: actor.userId,
      requestedId: body.model_config_id,
    });
    const message: SendInput = {
      chatId,
      ownerId: actor.userId,
      content: toContent(body.content),
      busyBehavior: body.busy_behavior,
      ...(modelConfigId === undefined ? {} : { modelConfigId }),
      ...(body.reasoning_effort === undefined || body.reasoning_effort === null
        ? {}
        : { reasoningEffort: body.reasoning_effort }),
      ...(body.plan_mode === undefined || body.plan_mode === null ? {} : { planMode: body.plan_mode }),
      ...(onceKey === undefined ? {} : { once: onceKey }),
    };
    const sent = await this.limits.within({ userId: actor.userId }, () => send(this.store, message));
    return this.access.ofOwner(sent, { actor, chatId });
  }
}

export function toSendResponse(sent: SendResult): CreateMessageResponse {
  return {
    ...(sent.message === undefined ? {} : { message: sent.message }),
    ...(sent.messages.length === 0 ? {} : { messages: sent.messages }),
    ...(sent.queuedMessage === undefined ? {} : { queued_message: sent.queuedMessage }),
    queued: sent.queued,
  };
}
