/**
 * A person asks to compact the history: the chat runs, with a one-shot marker for the worker. The history has not changed yet, so
 * the attempt gets a number of its own, apart from any earlier one.
 */
import { applyTransition } from '../apply-transition';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Refused } from '../types';
import { HAS_TO_SUMMARISE } from './context-to-drop';

export interface RequestCompactionInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
}

const REQUEST_COMPACTION = transitionStatement('request_compaction', {
  when: `l.owner_id = coalesce($2, l.owner_id) and not l.archived and l.status in ('waiting', 'error') and ${HAS_TO_SUMMARISE}`,
  status: "'running'",
  cancels: 'true',
  attempt: 'l.generation_attempt + 1',
  compaction: 'now()',
});

/** Asks a worker to compact the history of a chat at rest. */
export function requestCompaction(
  store: ChatStore,
  { chatId, ownerId }: RequestCompactionInput,
): Promise<Done | Refused> {
  return applyTransition(store, {
    transition: 'request_compaction',
    statement: REQUEST_COMPACTION,
    values: [chatId, ownerId ?? null],
    underLock: true,
    ownerId,
    otherwise: 'nothing_to_compact',
  });
}
