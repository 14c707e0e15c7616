/**
 * All chats of a worker are given back: by itself at its stop, or by another worker after its death.
 *
 * Rows that somebody is just changing are skipped instead of waited for, which could deadlock with the archiving of a family; a
 * second pass takes them. What remains even then is free once the lease has ended.
 */
import { applyToMany } from '../apply-transition';
import { transitionStatement } from '../transition-statement';
import type { ChatStore } from '../types';
import { LEAVING } from './release';

export interface ReleaseAllInput {
  workerId: string;
}

const RELEASE_ALL = transitionStatement('release_all', {
  lock: 'chats c where c.worker_id = $1 for no key update skip locked',
  when: 'true',
  ...LEAVING,
});
const PASSES = 2;

/** Gives all chats of a worker back; runnable ones are offered to all workers at once. Returns their ids. */
export async function releaseAll(store: ChatStore, input: ReleaseAllInput): Promise<string[]> {
  const released: string[] = [];
  for (let pass = 0; pass < PASSES; pass++) {
    const done = await applyToMany(store, { statement: RELEASE_ALL, values: [input.workerId] });
    released.push(...done.map(({ chat }) => chat.id));
  }
  return released;
}
