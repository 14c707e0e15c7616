/** Chats: creating, listing, reading, and changing what is not their execution. */
import { Body, Controller, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import {
  listChats,
  readClientChat,
  readRepeatedCreate,
  type ChatHead,
  type ChatStore,
} from '@parley/chat-state';
import { CachedChatSettings } from '@parley/chat-settings';
import {
  createChatRequest,
  updateChatRequest,
  type Chat,
  type CreateChatRequest,
  type UpdateChatRequest,
} from '@parley/contracts';
import { withDiffStatuses } from '@parley/diff-status';
import type { Actor } from '@parley/identity';
import { UsageLimits } from '@parley/spend';
import { CurrentActor } from '../auth/current-actor';
import { CHAT_STORE } from '../dependencies';
import { invalidField, notFound } from '../http/api-error';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { ModelChoices } from '../models/model-choices';
import { updaterCondition } from './chat-access';
import { toChat, withOwnerNames } from './chat-shape';
import { createChatFor } from './create-chat';
import { IdempotencyKey, once } from './idempotency';
import { listChatsQuery, toListInput, type ListChatsQuery } from './list-query';
import { applyUpdate } from './update-chat';

@Controller(chatApi('chats'))
export class ChatsController {
  constructor(
    @Inject(CHAT_STORE) private readonly store: ChatStore,
    private readonly models: ModelChoices,
    private readonly settings: CachedChatSettings,
    private readonly limits: UsageLimits,
  ) {}

  @Post()
  async create(
    @CurrentActor() actor: Actor,
    @Body(valid(createChatRequest)) body: CreateChatRequest,
    @IdempotencyKey() key: string | undefined,
  ): Promise<Chat> {
    const { store, models, settings, limits } = this;
    const { userId } = actor;
    const request = { key, route: 'POST chats', body } as const;
    const chat = await once<ChatHead>(request, {
      work: (onceKey) => createChatFor({ actor, body, store, models, settings, limits, once: onceKey }),
      readRepeat: (onceKey) => readRepeatedCreate(store.database, { userId, once: onceKey }),
    });
    return toChat(chat, actor);
  }

  @Get()
  async list(
    @CurrentActor() actor: Actor,
    @Query(valid(listChatsQuery)) query: ListChatsQuery,
  ): Promise<Chat[]> {
    const chats = await listChats(this.store.database, toListInput(query, actor.userId));
    if (chats === null) throw invalidField('after_id', 'is none of your chats');
    const shown = chats.map((chat) => withOwnerNames(chat, actor));
    return withDiffStatuses(this.store.database, shown);
  }

  @Get(':chat')
  async read(@CurrentActor() actor: Actor, @Param('chat', uuidParam('chat')) chatId: string): Promise<Chat> {
    const chat = await readClientChat(this.store.database, { chatId, ...updaterCondition(actor) });
    if (chat === null) throw notFound('chat');
    const shown = withOwnerNames(chat, actor);
    return (await withDiffStatuses(this.store.database, [shown]))[0] ?? shown;
  }

  @Patch(':chat')
  @HttpCode(204)
  async update(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
    @Body(valid(updateChatRequest)) body: UpdateChatRequest,
  ): Promise<void> {
    await applyUpdate(this.store, { chatId, actor, body });
  }
}
