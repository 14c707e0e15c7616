/** Two of the viewers read in fits and starts; the one that keeps up must not notice. */
import { openPlainly, sendAndWait, type Scenario } from './scenario';

export const slowReaders: Scenario = {
  async open(chat, intendedAtMs) {
    await openPlainly(chat, intendedAtMs);
    chat.addViewer({ pauseMs: 700 });
    chat.addViewer({ pauseMs: 1_500 });
  },
  act: sendAndWait,
};
