/**
 * A summary takes the place of the history, for the model alone: by turns without being asked, because the turn before it filled the context,
 * and because a person asks for it.
 */
import { CONTEXT_LIMIT } from '../system/provision';
import { openPlainly, type Scenario } from './scenario';

export const compaction: Scenario = {
  open: openPlainly,
  async act(chat, intendedAtMs) {
    if (chat.turns.length % 3 === 1) {
      await chat.turn({ intendedAtMs, inputTokens: CONTEXT_LIMIT });
      await chat.turn({ intendedAtMs: performance.now(), compaction: 'automatic' });
    } else {
      await chat.compact(await chat.turn({ intendedAtMs, compaction: 'manual' }));
    }
  },
};
