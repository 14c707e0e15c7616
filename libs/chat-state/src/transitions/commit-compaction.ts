/**
 * The model's summary takes the place of the history: one statement, fenced by runner and history, writes the boundary that the prompt
 * starts from, the pair that people see, and again the user messages that the summary must not paraphrase.
 *
 * In the middle of a turn the turn goes on (`commit_compaction`). One that a person asked for ends with it (`finish_compaction`): the
 * chat rests, also where it had failed, since nobody asked for an answer; or the head of its queue runs. Neither counts as an
 * answer, so the chat does not become unread. The one-shot marker goes with the history that it was set on.
 */
import type { ChatMessage } from '@parley/contracts';
import { applyFenced } from '../apply-transition';
import { encodeMessages } from '../rows/message-row';
import { transitionStatement, type TransitionParts } from '../transition-statement';
import type { ChatStore, Done, Fence, NewMessage, Stale } from '../types';
import { fenceValues, IS_FENCED } from './fence';
import { NEXT_TURN, promotedMessage } from './finish-turn';

export interface CommitCompactionInput {
  fence: Fence;
  /** The boundary first: a compressed message for the model alone. */
  messages: readonly NewMessage[];
}

const PARTS = {
  when: `${IS_FENCED} and l.status = 'running'`,
  cancels: 'true',
  after: '$4::jsonb',
} satisfies TransitionParts;

const COMMIT_COMPACTION = transitionStatement('commit_compaction', PARTS);
const FINISH_COMPACTION = transitionStatement('finish_compaction', { ...PARTS, ...NEXT_TURN });

/** Replaces what the model sees by a summary; the turn goes on. Calls still open get cancelled results before it. */
export function commitCompaction(store: ChatStore, input: CommitCompactionInput): Promise<Done | Stale> {
  return applyFenced(store, { statement: COMMIT_COMPACTION, values: valuesOf(input) });
}

/** Replaces what the model sees by a summary and ends the turn; the head of the queue starts the next one. */
export async function finishCompaction(
  store: ChatStore,
  input: CommitCompactionInput,
): Promise<Done<{ promoted?: ChatMessage }> | Stale> {
  const result = await applyFenced(store, { statement: FINISH_COMPACTION, values: valuesOf(input) });
  return result.ok ? { ...result, ...promotedMessage(result) } : result;
}

function valuesOf({ fence, messages }: CommitCompactionInput): unknown[] {
  return [...fenceValues(fence), encodeMessages(messages)];
}
