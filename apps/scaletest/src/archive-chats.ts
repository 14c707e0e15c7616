/**
 * Puts the chats of a run away, also of one that was stopped in the middle. A chat that is at work, or waits for its client's tools,
 * refuses to be archived: it is interrupted, and asked again for some seconds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChatSession } from './generator/chat-session';

export type OwnChat = Pick<ChatSession, 'chatId' | 'setArchived' | 'change'>;

const AT_ONCE = 8;
const TRIES = 20;
const BETWEEN_TRIES_MS = 500;
const BUSY = 409;
/** Of one that is archived already: a scenario was stopped when it had just done so. */
const UNCHANGED = 400;

/** @returns how many could not be */
export async function archiveChats(
  chats: readonly OwnChat[],
  betweenTriesMs = BETWEEN_TRIES_MS,
): Promise<number> {
  let failed = 0;
  const left = chats.filter(({ chatId }) => chatId !== '').values();
  const archiveRest = async (): Promise<void> => {
    for (const chat of left) if (!(await isArchived(chat, betweenTriesMs).catch(() => false))) failed += 1;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, archiveRest));
  return failed;
}

async function isArchived(chat: OwnChat, betweenTriesMs: number): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    const status = await chat.setArchived(true);
    if (status !== BUSY || tries === TRIES) return status < 300 || status === UNCHANGED;
    await chat.change('POST', '/interrupt');
    await delay(betweenTriesMs);
  }
}
