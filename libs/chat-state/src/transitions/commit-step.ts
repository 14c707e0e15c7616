/** A finished step of a turn: the assistant message, or all results of its tool calls together. The turn goes on. */
import type { OpenCall } from '@parley/contracts';
import { encodeJsonb } from '@parley/database';
import { applyFenced } from '../apply-transition';
import { encodeMessages } from '../rows/message-row';
import { FORGET_CALLS } from '../tool-calls';
import { batchedTransition, type TransitionParts } from '../transition-statement';
import type { ChatStore, Done, Fence, NewMessage, Stale } from '../types';
import { FENCE_TYPES, fenceValues, IS_FENCED } from './fence';

export interface CommitStepInput {
  fence: Fence;
  messages: readonly NewMessage[];
  /** The tool calls that have no result after these messages. Default: none. */
  openCalls?: readonly OpenCall[];
}

const PARTS: TransitionParts = {
  when: `${IS_FENCED} and l.status = 'running'`,
  given: '$4::jsonb',
  calls: '$5::jsonb',
};
const TYPES = [...FENCE_TYPES, 'jsonb', 'jsonb'];
const COMMIT_STEP = batchedTransition('commit_step', TYPES, PARTS);
const COMMIT_RESULTS = batchedTransition('commit_results', TYPES, { ...PARTS, also: { ctes: FORGET_CALLS } });

/** Commits an assistant message, or the results of its tool calls, whose journal goes with it; the turn goes on. */
export function commitStep(
  store: ChatStore,
  { fence, messages, openCalls = [] }: CommitStepInput,
): Promise<Done | Stale> {
  return applyFenced(store, {
    statement: messages.some((message) => message.role === 'tool') ? COMMIT_RESULTS : COMMIT_STEP,
    values: [...fenceValues(fence), encodeMessages(messages), encodeJsonb(openCalls)],
  });
}
