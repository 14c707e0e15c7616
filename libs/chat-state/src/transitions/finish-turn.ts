/**
 * The path of a message, 5 of 6: the end of a turn. Next: apps/stream-relay/src/feed.ts
 *
 * Its last messages are committed, and the chat rests or, when messages wait, runs the head of its queue. One statement,
 * fenced by runner and history, so that a turn ends once, whoever believes to own it.
 */
import type { ChatMessage, OpenCall } from '@parley/contracts';
import { encodeJsonb } from '@parley/database';
import { applyFenced } from '../apply-transition';
import { encodeMessages, toChatMessage } from '../rows/message-row';
import { batchedTransition, type TransitionParts } from '../transition-statement';
import type { ChatStore, Done, Fence, NewMessage, Stale } from '../types';
import { FENCE_TYPES, fenceValues, IS_FENCED } from './fence';

export interface FinishTurnInput {
  fence: Fence;
  messages: readonly NewMessage[];
  /** The tool calls that have no result after these messages: they get cancelled ones. Default: none. */
  openCalls?: readonly OpenCall[];
  /** Stored as `last_turn_summary`. */
  turnSummary?: string;
}

/** What every end of a turn does with the queue. */
export const NEXT_TURN = {
  status: "case when l.queue = '[]' then 'waiting' else 'running' end",
  queue: 'l.queue - 0',
  userMessage: 'l.queue -> 0',
  turn: 'true',
} satisfies Partial<TransitionParts>;

const FINISH_TURN = batchedTransition('finish_turn', [...FENCE_TYPES, 'jsonb', 'jsonb', 'text'], {
  when: `${IS_FENCED} and l.status = 'running'`,
  given: '$4::jsonb',
  calls: '$5::jsonb',
  ...NEXT_TURN,
  set: 'last_turn_summary = coalesce($6, l.last_turn_summary)',
});

/** Commits the last messages of a turn and ends it; the head of the queue starts the next one. */
export async function finishTurn(
  store: ChatStore,
  { fence, messages, openCalls = [], turnSummary }: FinishTurnInput,
): Promise<Done<{ promoted?: ChatMessage }> | Stale> {
  const result = await applyFenced(store, {
    statement: FINISH_TURN,
    values: [...fenceValues(fence), encodeMessages(messages), encodeJsonb(openCalls), turnSummary ?? null],
  });
  return result.ok ? { ...result, ...promotedMessage(result) } : result;
}

/** The queued message that a finished turn made the first of the next one. */
export function promotedMessage({ chat, rows }: Done): { promoted?: ChatMessage } {
  const last = rows.at(-1);
  return chat.status === 'running' && last !== undefined ? { promoted: toChatMessage(last) } : {};
}
