/** Ten people watch the same chat, on whichever replica they land. */
import { setTimeout as delay } from 'node:timers/promises';
import { openPlainly, sendAndWait, type Scenario } from './scenario';

const VIEWERS = 10;
const LOOK_MS = 20;

export const manyViewers: Scenario = {
  /** All of them are there before the next turn: for who comes later a relay may have to read, which is not that turn's doing. */
  async open(chat, intendedAtMs) {
    await openPlainly(chat, intendedAtMs);
    for (let viewer = 1; viewer < VIEWERS; viewer += 1) chat.addViewer({});
    const { signal, turnTimeoutMs } = chat.options;
    const givesUpAt = performance.now() + turnTimeoutMs;
    const isAwaited = (): boolean => !signal.aborted && performance.now() < givesUpAt;
    while (isAwaited() && chat.viewers.some(({ isAttached }) => !isAttached)) await delay(LOOK_MS);
  },
  act: sendAndWait,
};
