/** A chat as its owner sees it in a reply: with the owner's names, which the token already told. */
import { toClientChat, type ChatHead } from '@parley/chat-state';
import type { Chat } from '@parley/contracts';
import type { Actor } from '@parley/identity';

export function toChat(head: ChatHead, actor: Actor): Chat {
  const chat = toClientChat(head);
  if (head.ownerId !== actor.userId) return chat;
  return { ...chat, owner_username: actor.username, owner_name: actor.name };
}
