/**
 * The user stops the answer once it has begun, and every other time says something else instead. The answer is one of several seconds, so
 * that an interrupt that nobody heeds shows: what should be over in an instant goes on.
 */
import { lasting } from './lasting';
import { openPlainly, type Scenario } from './scenario';

const LASTS_MS = 4_000;

export const interrupt: Scenario = {
  open: openPlainly,
  async act(chat, intendedAtMs) {
    const begun = chat.untilFirstPart();
    const turn = await chat.begin({ intendedAtMs, shape: lasting(chat.options.shape, LASTS_MS) });
    const ended = chat.finish(turn);
    await Promise.race([begun, ended]);
    if (chat.turns.length % 2 === 0) await Promise.all([ended, chat.interruptions.stop(turn)]);
    else await Promise.all([ended, chat.interruptions.sayInstead(turn, { intendedAtMs: performance.now() })]);
  },
};
