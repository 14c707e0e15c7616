/** A worker gives a chat back. What it began on this history counts as an attempt, so that the next runner's parts have another episode. */
import { applyFenced } from '../apply-transition';
import { transitionStatement, type TransitionParts } from '../transition-statement';
import type { ChatStore, Done, Stale } from '../types';
import { IS_RUNNER } from './fence';

export interface ReleaseInput {
  chatId: string;
  runnerId: string;
}

/** What a release does to a row. */
export const LEAVING = {
  worker: 'null',
  runner: 'null',
  attempt: "l.generation_attempt + (l.status = 'running')::integer",
} satisfies Partial<TransitionParts>;

const RELEASE = transitionStatement('release', { when: IS_RUNNER, ...LEAVING });

/** Gives a chat back; a runnable one is offered to all workers at once. */
export function release(store: ChatStore, input: ReleaseInput): Promise<Done | Stale> {
  return applyFenced(store, { statement: RELEASE, values: [input.chatId, input.runnerId] });
}
