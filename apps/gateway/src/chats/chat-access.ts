/**
 * Who may do what with a chat (`chat-api` section 1.1). Readers and updaters are the owner and administrators; whoever may not read
 * gets 404. Sending, editing, tool results, clear, compact, promote and proposals of titles belong to the owner alone, also before
 * administrators: a turn runs with the owner's credentials, so another driver could spend or extract them.
 */
import { Inject, Injectable } from '@nestjs/common';
import { readChat, type ChatHead, type ChatStore, type Refused } from '@parley/chat-state';
import type { Actor } from '@parley/identity';
import { CHAT_STORE } from '../dependencies';
import { forbidden, notFound } from '../http/api-error';
import { toRefusal } from './refusals';

const OWNER_ONLY = 'Only the owner of a chat can do this.';

@Injectable()
export class ChatAccess {
  constructor(@Inject(CHAT_STORE) private readonly store: ChatStore) {}

  /** @throws ApiError 404 */
  async readable(actor: Actor, chatId: string): Promise<ChatHead> {
    const chat = await readChat(this.store.database, { chatId });
    if (chat === null || !mayRead(actor, chat)) throw notFound('chat');
    return chat;
  }

  /** For what the owner alone may ask of a chat. @throws ApiError 404, or 403 for administrators */
  async owned(actor: Actor, chatId: string): Promise<ChatHead> {
    const chat = await this.readable(actor, chatId);
    if (chat.ownerId !== actor.userId) throw forbidden(OWNER_ONLY);
    return chat;
  }

  /** The result of an owner's transition. To an administrator a chat of somebody else is 403: that it exists is known. */
  async ofOwner<Ok extends { ok: true }>(
    result: Ok | Refused,
    asked: { actor: Actor; chatId: string },
  ): Promise<Ok> {
    if (result.ok) return result;
    if (result.reason === 'not_found' && asked.actor.isAdmin) {
      await this.readable(asked.actor, asked.chatId);
      throw forbidden(OWNER_ONLY);
    }
    throw toRefusal(result);
  }
}

/** The condition on the owner that an updater's transition carries: none for administrators. */
export const updaterCondition = (actor: Actor): { ownerId?: string } =>
  actor.isAdmin ? {} : { ownerId: actor.userId };

/** The result of an updater's transition. */
export function accepted<Ok extends { ok: true }>(result: Ok | Refused): Ok {
  if (result.ok) return result;
  throw toRefusal(result);
}

const mayRead = (actor: Actor, chat: ChatHead): boolean => actor.isAdmin || chat.ownerId === actor.userId;
