/**
 * What a runner does next, from what it knows of its chat. Pure: no I/O, no clock, no memory.
 *
 * The order is the law: first know the truth, then obey the user's stop, then answer what is open, then generate. Two goals
 * with the same key are the same work, so a runner whose chat changed (a message was queued, say) goes on undisturbed, and
 * one whose history or status moved drops its task and begins the other.
 */
import type { ChatStatus, OpenCall } from '@parley/contracts';

/** The part of a chat that decides. */
export interface ChatView {
  readonly status: ChatStatus;
  readonly archived: boolean;
  readonly historyVersion: number;
  readonly generationAttempt: number;
  readonly openCalls: readonly OpenCall[];
}

export interface Standing {
  /** The row still carries this runner's id, as far as is known. */
  readonly isOurs: boolean;
  /** Something is known to have happened that is not known in full. */
  readonly isBehind: boolean;
  /** A write found the row other than it was thought to be: nothing is done before it is read. */
  readonly isStale: boolean;
  readonly isActionOverdue: boolean;
}

export type GoalType =
  | 'leave'
  | 'refresh'
  | 'rest'
  | 'finish_interruption'
  | 'cancel_action'
  | 'run_tools'
  | 'enter_action'
  | 'generate';

/** `key` tells whether a task already under way serves this goal. */
export interface Goal {
  readonly type: GoalType;
  readonly key: string;
}

/** Whether a goal occupies one of the worker's places. */
export function isWork(goal: Goal): boolean {
  return goal.type !== 'leave' && goal.type !== 'rest' && goal.type !== 'refresh';
}

export function decide(chat: ChatView, standing: Standing): Goal {
  if (!standing.isOurs || chat.archived) return { type: 'leave', key: 'leave' };
  if (standing.isStale) return { type: 'refresh', key: 'refresh' };
  switch (chat.status) {
    case 'interrupting':
      // The socket is cut before anything is read: an interrupt must be fast, and the text stays in the stopped task.
      return onHistory(chat, 'finish_interruption');
    case 'running':
      return standing.isBehind ? { type: 'refresh', key: 'refresh' } : decideRunning(chat);
    case 'requires_action':
      if (standing.isBehind) return { type: 'refresh', key: 'refresh' };
      return standing.isActionOverdue ? onHistory(chat, 'cancel_action') : { type: 'rest', key: 'rest' };
    case 'waiting':
    case 'error':
      return standing.isBehind ? { type: 'refresh', key: 'refresh' } : { type: 'rest', key: 'rest' };
  }
}

function decideRunning(chat: ChatView): Goal {
  if (chat.openCalls.some((call) => !call.dynamic)) return onHistory(chat, 'run_tools');
  if (chat.openCalls.length > 0) return onHistory(chat, 'enter_action');
  const goal = onHistory(chat, 'generate');
  return { ...goal, key: `${goal.key}:${chat.generationAttempt}` };
}

function onHistory(chat: ChatView, type: GoalType): Goal {
  return { type, key: `${type}:${chat.historyVersion}` };
}
