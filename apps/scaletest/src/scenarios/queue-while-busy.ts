/** Two more messages are sent while the first one is being answered: they wait, and are answered in order. */
import { openPlainly, type Scenario } from './scenario';

export const queueWhileBusy: Scenario = {
  open: openPlainly,
  async act(chat, intendedAtMs) {
    const first = await chat.begin({ intendedAtMs });
    const others = [];
    for (let count = 0; count < 2; count += 1)
      others.push(await chat.begin({ intendedAtMs: performance.now() }));
    await Promise.all([first, ...others].map((turn) => chat.finish(turn)));
  },
};
