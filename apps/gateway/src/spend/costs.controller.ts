/** What chats have cost: a chat for its readers, a user for that user and administrators, all users for administrators. */
import { Controller, Get, Param, Query } from '@nestjs/common';
import {
  costSummaryQuery,
  costUsersQuery,
  type ChatCost,
  type CostSummary,
  type CostSummaryQuery,
  type CostUsers,
  type CostUsersQuery,
} from '@parley/contracts';
import { Database } from '@parley/database';
import { Identity, type Actor } from '@parley/identity';
import { readChatCost, readUserCost, readUsersCost, UsageLimits } from '@parley/spend';
import { CurrentActor } from '../auth/current-actor';
import { ChatAccess } from '../chats/chat-access';
import { forbidden } from '../http/api-error';
import { chatApi } from '../http/paths';
import { uuidParam, valid } from '../http/validate';
import { resolveUserId } from '../users/user-reference';
import { toDateRange } from './date-range';

@Controller(chatApi('chats'))
export class CostsController {
  constructor(
    private readonly database: Database,
    private readonly identity: Identity,
    private readonly access: ChatAccess,
    private readonly limits: UsageLimits,
  ) {}

  @Get('cost/users')
  async users(
    @CurrentActor() actor: Actor,
    @Query(valid(costUsersQuery)) query: CostUsersQuery,
  ): Promise<CostUsers> {
    if (!actor.isAdmin) throw forbidden('Only administrators see what others spend.');
    const { username, limit, offset } = query;
    return readUsersCost(this.database, { range: toDateRange(query), username, limit, offset });
  }

  @Get('cost/:user/summary')
  async summary(
    @CurrentActor() actor: Actor,
    @Param('user') user: string,
    @Query(valid(costSummaryQuery)) query: CostSummaryQuery,
  ): Promise<CostSummary> {
    const userId = await resolveUserId(this.identity, actor, user);
    const [cost, status] = await Promise.all([
      readUserCost(this.database, { userId, range: toDateRange(query) }),
      this.limits.status(userId),
    ]);
    return { ...cost, usage_limit: status };
  }

  /** Of the whole tree that the chat belongs to. */
  @Get(':chat/cost')
  async chat(
    @CurrentActor() actor: Actor,
    @Param('chat', uuidParam('chat')) chatId: string,
  ): Promise<ChatCost> {
    await this.access.readable(actor, chatId);
    return readChatCost(this.database, { chatId });
  }
}
