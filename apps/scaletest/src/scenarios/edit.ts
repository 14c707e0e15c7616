/** The user rewrites the message just answered: it and its answer go, and the new one is answered. */
import { openPlainly, type Scenario } from './scenario';

export const edit: Scenario = {
  open: openPlainly,
  async act(chat, intendedAtMs) {
    const turn = await chat.turn({ intendedAtMs });
    await chat.finish(await chat.edit(turn, { intendedAtMs: performance.now() }));
  },
};
