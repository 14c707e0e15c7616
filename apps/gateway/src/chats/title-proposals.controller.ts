/** A title that a model proposes for a chat. It is not stored: the owner takes it with PATCH, or leaves it. */
import { Controller, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { readConversation, type ChatStore } from '@parley/chat-state';
import type { TitleProposal } from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { conversationText, PROPOSAL_BOUNDS, titleText } from '@parley/llm';
import { UsageLimits } from '@parley/spend';
import type { FastifyReply } from 'fastify';
import { CurrentActor } from '../auth/current-actor';
import { CHAT_STORE } from '../dependencies';
import { ApiError } from '../http/api-error';
import { whileClientWaits } from '../http/client-gone';
import { chatApi } from '../http/paths';
import { uuidParam } from '../http/validate';
import { ChatAccess } from './chat-access';
import { TitleProposals } from './title-proposals';

@Controller(chatApi('chats/:chat/title'))
export class TitleProposalsController {
  constructor(
    @Inject(CHAT_STORE) private readonly store: ChatStore,
    private readonly access: ChatAccess,
    private readonly proposals: TitleProposals,
    private readonly limits: UsageLimits,
  ) {}

  @Post('propose')
  @HttpCode(200)
  async propose(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TitleProposal> {
    const chat = await this.access.owned(actor, chatId);
    const conversation = await this.whatToName(chatId);
    // Reserved until the call is in the ledger: so proposals side by side do not overshoot.
    const title = await this.limits.within({ userId: actor.userId }, () =>
      whileClientWaits(reply, (signal) => this.proposals.propose(chat, { conversation, signal })),
    );
    return { title };
  }

  private async whatToName(chatId: string): Promise<string> {
    const rows = await readConversation(this.store.database, { chatId });
    const conversation = conversationText(rows, PROPOSAL_BOUNDS);
    const text = conversation === '' ? titleText(rows.flatMap(({ content }) => content)) : conversation;
    if (text === '') throw new ApiError(409, 'There is no text in this chat to make a title of.');
    return text.slice(0, PROPOSAL_BOUNDS.maxCharacters * 2).toWellFormed();
  }
}
