/** A chat as its owner sees it in a reply: with the owner's names, which the token already told. */
import { toClientChat, type ChatHead } from '@parley/chat-state';
import type { Chat } from '@parley/contracts';
import type { Actor } from '@parley/identity';

export function toChat(head: ChatHead, actor: Actor): Chat {
  return withOwnerNames(toClientChat(head), actor);
}

export function withOwnerNames(chat: Chat, actor: Actor): Chat {
  if (chat.owner_id !== actor.userId) return chat;
  const names = { owner_username: actor.username, owner_name: actor.name };
  return { ...chat, ...names, children: chat.children.map((child) => ({ ...child, ...names })) };
}
