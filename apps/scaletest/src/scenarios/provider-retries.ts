/** The model fails each turn once, each time in another way, and answers when it is asked again: the answer must be whole and single. */
import type { TurnOrder } from '../answer-shape';
import { openPlainly, type Scenario } from './scenario';

const FAULTS: readonly NonNullable<TurnOrder['fault']>[] = [
  { kind: 'status', status: 529, first_attempts: 1 },
  { kind: 'reset', after_chunks: 5, first_attempts: 1 },
  { kind: 'status', status: 429, retry_after_ms: 200, first_attempts: 1 },
  { kind: 'end_early', after_chunks: 8, first_attempts: 1 },
];

export const providerRetries: Scenario = {
  open: openPlainly,
  async act(chat, intendedAtMs) {
    const fault = FAULTS[chat.turns.length % FAULTS.length];
    await chat.turn({ intendedAtMs, ...(fault === undefined ? {} : { fault }) });
  },
};
