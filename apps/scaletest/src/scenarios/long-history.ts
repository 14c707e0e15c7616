/** A chat with many turns behind it: what a turn costs should not grow with them. */
import { openPlainly, sendAndWait, type Scenario } from './scenario';

const EARLIER_TURNS = 30;
const SHORT = { chunks: 1, chunkSize: 200, chunkMs: 0, firstByteMs: 0 };

export const longHistory: Scenario = {
  async open(chat, intendedAtMs) {
    await openPlainly(chat, intendedAtMs);
    for (let turn = 0; turn < EARLIER_TURNS; turn += 1)
      await chat.turn({ intendedAtMs: performance.now(), shape: SHORT });
  },
  act: sendAndWait,
};
