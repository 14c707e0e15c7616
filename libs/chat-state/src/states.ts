/**
 * The state of a chat, classified from its row: status, queue empty or not, archived or not. It is never stored under its own
 * name, so it cannot disagree with the row. CHECK constraints refuse rows that are none of these.
 */
import type { ChatStatus } from '@parley/contracts';

export const CHAT_STATES = [
  'waiting',
  'running',
  'running+queue',
  'interrupting',
  'interrupting+queue',
  'requires_action',
  'requires_action+queue',
  'error',
  'error+queue',
  'archived:waiting',
  'archived:error',
  'archived:error+queue',
] as const;
export type ChatState = (typeof CHAT_STATES)[number];

/** @throws Error for a row that Postgres cannot hold (a waiting chat with a queue, an archived one at work). */
export function classify(row: { status: ChatStatus; queueLength: number; archived: boolean }): ChatState {
  const name = `${row.archived ? 'archived:' : ''}${row.status}${row.queueLength > 0 ? '+queue' : ''}`;
  const state = CHAT_STATES.find((known) => known === name);
  if (state === undefined) throw new Error(`A chat is in no legal state: ${name}`);
  return state;
}
