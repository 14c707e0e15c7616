/**
 * Answers that take two seconds, whatever the load's own shape: a stream that stops growing shows in each of them, while a quick answer is
 * whole before anybody could tell.
 */
import { lasting } from './lasting';
import { openPlainly, type Scenario } from './scenario';

const LASTS_MS = 2_000;

export const longAnswers: Scenario = {
  open: openPlainly,
  async act(chat, intendedAtMs) {
    await chat.turn({ intendedAtMs, shape: lasting(chat.options.shape, LASTS_MS) });
  },
};
