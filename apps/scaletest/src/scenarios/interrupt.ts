/** The user stops the answer once it has begun, and every other time says something else instead. */
import { openPlainly, type Scenario } from './scenario';

export const interrupt: Scenario = {
  open: openPlainly,
  async act(chat, intendedAtMs) {
    const begun = chat.untilFirstPart();
    const turn = await chat.begin({ intendedAtMs });
    const ended = chat.finish(turn);
    await Promise.race([begun, ended]);
    if (chat.turns.length % 2 === 0) {
      await chat.interrupt(turn);
      await ended;
      return;
    }
    if (turn.outcome === 'pending') turn.ending = 'cut';
    await Promise.all([ended, chat.turn({ intendedAtMs: performance.now(), busyBehavior: 'interrupt' })]);
  },
};
