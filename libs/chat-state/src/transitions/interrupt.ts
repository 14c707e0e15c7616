/** The user pressed stop. What runs is asked to end; a chat that waits for results goes on with cancelled ones. */
import { applyTransition } from '../apply-transition';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Refused } from '../types';

export interface InterruptInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
}

const INTERRUPT = transitionStatement('interrupt', {
  when: "l.owner_id = coalesce($2, l.owner_id) and l.status in ('running', 'requires_action')",
  status: "case when l.status = 'running' then 'interrupting' else 'running' end",
  cancels: "l.status = 'requires_action'",
});

/** Stops the turn: a running chat keeps its partial answer, one that waits for results goes on with cancelled ones. */
export function interrupt(store: ChatStore, { chatId, ownerId }: InterruptInput): Promise<Done | Refused> {
  return applyTransition(store, {
    transition: 'interrupt',
    statement: INTERRUPT,
    values: [chatId, ownerId ?? null],
    ownerId,
  });
}
