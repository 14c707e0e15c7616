/** Ten people watch the same chat, on whichever replica they land. */
import { openPlainly, sendAndWait, type Scenario } from './scenario';

const VIEWERS = 10;

export const manyViewers: Scenario = {
  async open(chat, intendedAtMs) {
    await openPlainly(chat, intendedAtMs);
    for (let viewer = 1; viewer < VIEWERS; viewer += 1) chat.addViewer({});
  },
  act: sendAndWait,
};
