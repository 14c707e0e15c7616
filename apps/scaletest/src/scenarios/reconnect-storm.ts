/** All viewers lose their connection in the middle of each answer and come back where they were. */
import { openPlainly, type Scenario } from './scenario';

const VIEWERS = 4;

export const reconnectStorm: Scenario = {
  async open(chat, intendedAtMs) {
    await openPlainly(chat, intendedAtMs);
    for (let viewer = 1; viewer < VIEWERS; viewer += 1) chat.addViewer({});
  },
  async act(chat, intendedAtMs) {
    const begun = chat.untilFirstPart();
    const turn = await chat.begin({ intendedAtMs });
    const ended = chat.finish(turn);
    await Promise.race([begun, ended]);
    for (const viewer of chat.viewers) viewer.cut();
    await ended;
  },
};
