/** The model called tools that the client runs: the chat waits for their results, until a deadline on the database's clock. */
import type { OpenCall } from '@parley/contracts';
import { encodeJsonb } from '@parley/database';
import { applyFenced } from '../apply-transition';
import { encodeMessages } from '../rows/message-row';
import { FORGET_CALLS } from '../tool-calls';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Fence, NewMessage, Stale } from '../types';
import { fenceValues, IS_FENCED } from './fence';

export interface EnterActionInput {
  fence: Fence;
  /** The assistant message that made the calls, or the results of the local ones among them. */
  messages: readonly NewMessage[];
  /** The calls the client must answer; at least one. */
  openCalls: readonly OpenCall[];
  /** Default 5 minutes. */
  timeoutMs?: number;
}

export const ACTION_TIMEOUT_MS = 5 * 60_000;

const ENTER_ACTION = transitionStatement('enter_action', {
  when: `${IS_FENCED} and l.status = 'running'`,
  status: "'requires_action'",
  given: '$4::jsonb',
  calls: '$5::jsonb',
  deadline: "now() + $6 * interval '1 millisecond'",
  also: { ctes: FORGET_CALLS },
});

/**
 * Commits the assistant message that called dynamic tools and waits for the client, at most `timeoutMs`.
 * @throws the driver's error (CHECK chats_action_has_calls) when there is no open call.
 */
export function enterAction(
  store: ChatStore,
  { fence, messages, openCalls, timeoutMs = ACTION_TIMEOUT_MS }: EnterActionInput,
): Promise<Done | Stale> {
  return applyFenced(store, {
    statement: ENTER_ACTION,
    values: [...fenceValues(fence), encodeMessages(messages), encodeJsonb(openCalls), timeoutMs],
  });
}
