/** What the user wrote in this chat before, newest first: for the history of an input field. */
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { readPrompts, type ChatStore } from '@parley/chat-state';
import { queryInteger } from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { z } from 'zod';
import { CurrentActor } from '../auth/current-actor';
import { CHAT_STORE } from '../dependencies';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { ChatAccess } from './chat-access';

const DEFAULT_PROMPTS = 500;
const MAX_PROMPTS = 2000;

const promptsQuery = z.object({ limit: queryInteger({ min: 0, max: MAX_PROMPTS }).default(0) });

@Controller(chatApi('chats/:chat/prompts'))
export class PromptsController {
  constructor(
    @Inject(CHAT_STORE) private readonly store: ChatStore,
    private readonly access: ChatAccess,
  ) {}

  @Get()
  async list(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
    @Query(valid(promptsQuery)) query: z.infer<typeof promptsQuery>,
  ) {
    await this.access.readable(actor, chatId);
    const limit = query.limit === 0 ? DEFAULT_PROMPTS : query.limit;
    return { prompts: await readPrompts(this.store.database, { chatId, limit }) };
  }
}
