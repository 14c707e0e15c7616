/** Off the clock: reads every history as a client may, and gives viewers the time to catch up with it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChatSession } from '../generator/chat-session';

const AT_ONCE = 16;
const CATCH_UP_MS = 15_000;
const LOOK_MS = 50;

/** A history that cannot be read stays unknown; the oracle then says less of that chat. */
export async function readAllHistories(sessions: readonly ChatSession[]): Promise<void> {
  const left = sessions.filter(({ chatId }) => chatId !== '').values();
  const readers = Array.from({ length: AT_ONCE }, async () => {
    for (const session of left) await session.readHistory().catch(() => undefined);
  });
  await Promise.all(readers);
  const givesUpAt = performance.now() + CATCH_UP_MS;
  while (performance.now() < givesUpAt && sessions.some((session) => !session.areViewersCurrent))
    await delay(LOOK_MS);
}
