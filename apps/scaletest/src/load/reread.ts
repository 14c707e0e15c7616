/** Off the clock: reads every history as a client may, and gives viewers the time to catch up with it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChatSession } from '../generator/chat-session';

const AT_ONCE = 16;
const CATCH_UP_MS = 15_000;
const LOOK_MS = 50;
const READ_FOR_MS = 20_000;
const READ_AGAIN_MS = 500;

/** A history that cannot be read, though it was tried for a while, is a finding of the oracle. */
export async function readAllHistories(sessions: readonly ChatSession[]): Promise<void> {
  const left = sessions.filter(({ chatId }) => chatId !== '').values();
  const readers = Array.from({ length: AT_ONCE }, async () => {
    for (const session of left) await readHistory(session);
  });
  await Promise.all(readers);
  const givesUpAt = performance.now() + CATCH_UP_MS;
  while (performance.now() < givesUpAt && sessions.some((session) => !session.evidence.areViewersCurrent))
    await delay(LOOK_MS);
}

async function readHistory(session: ChatSession): Promise<void> {
  const givesUpAt = performance.now() + READ_FOR_MS;
  while (performance.now() < givesUpAt) {
    try {
      await session.evidence.readHistory();
      return;
    } catch {
      await delay(READ_AGAIN_MS);
    }
  }
}
