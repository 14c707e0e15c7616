/**
 * What a runner can have done for its chat. Here is all the I/O of a runner, and here every failure ends: a task never
 * rejects. What a turn throws, also inside the statement that commits a step, becomes the chat's `error`; when even that
 * cannot be stored it is tried again while the lease holds.
 */
import {
  cancelAction,
  enterAction,
  fail,
  finishInterruption,
  readChat,
  release,
  type ChatHead,
  type ChatStore,
  type Done,
  type NewMessage,
  type Stale,
  type StoredMessage,
} from '@parley/chat-state';
import type { OpenCall } from '@parley/contracts';
import type { TurnEnds } from './auxiliary/turn-ends';
import type { Goal } from './decide';
import { FailedStep, toChatError } from './errors';
import type { TurnWatch } from './observe/turn-watch';
import type { Persistence } from './persistence';
import type { Place } from './tools/lent-place';
import { journalledCallIds } from './tools/call-journal';
import { runTools, type ToolParts } from './tools/run-tools';
import { takeStep, type TurnParts } from './turn';

/** What was made before an interrupt, to be committed with it. Belongs to one history. */
export interface Partial {
  readonly historyVersion: number;
  readonly messages: readonly NewMessage[];
  readonly openCalls: readonly OpenCall[];
}

export interface TaskOrder {
  readonly goal: Goal;
  readonly head: ChatHead;
  readonly partial: Partial | null;
  /** When this worker began on this history, in the clock's milliseconds. */
  readonly startedAt: number;
  readonly watch: Pick<TurnWatch, 'enter' | 'firstToken' | 'turn'>;
  readonly place: Place;
  /** Aborts what the task does for the present goal. */
  readonly signal: AbortSignal;
  /** Aborts everything: the lease is lost or the worker stops. */
  readonly stop: AbortSignal;
}

export type TaskOutcome =
  | { readonly type: 'changed'; readonly chat: ChatHead; readonly rows: readonly StoredMessage[] }
  /** The row had moved on: nothing was written. */
  | { readonly type: 'stale'; readonly partial: Partial | null }
  | { readonly type: 'stopped'; readonly partial: Partial | null };

/** What runners need done. */
export interface Tasks {
  /** Never rejects. */
  perform(order: TaskOrder): Promise<TaskOutcome>;
  /** The row as it is now, or null; never rejects. */
  read(chatId: string, stop: AbortSignal): Promise<ChatHead | null | 'stopped'>;
  /** Never rejects. */
  release(head: ChatHead, stop: AbortSignal): Promise<'released' | 'stopped'>;
}

export interface TaskLogger {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface TaskParts extends TurnParts, ToolParts {
  readonly store: ChatStore;
  readonly persistence: Persistence;
  readonly turnEnds: Pick<TurnEnds, 'consider'>;
  readonly logger: TaskLogger;
}

type Failure = Pick<FailedStep, 'cause' | 'dropsPreview'> & { readonly partial: Partial | null };

export class ChatTasks implements Tasks {
  constructor(private readonly parts: TaskParts) {}

  async perform(order: TaskOrder): Promise<TaskOutcome> {
    const outcome = await this.attempt(order);
    if (outcome.type === 'changed') this.parts.turnEnds.consider({ goal: order.goal, ...outcome });
    return outcome;
  }

  private async attempt(order: TaskOrder): Promise<TaskOutcome> {
    try {
      return await this.work(order);
    } catch (error) {
      if (order.stop.aborted) return { type: 'stopped', partial: null };
      const failure =
        error instanceof FailedStep ? error : { cause: error, partial: null, dropsPreview: false };
      const { head, goal, watch } = order;
      const fields = { err: failure.cause, chat_id: head.id, turn: watch.turn, goal: goal.type };
      this.parts.logger.error(fields, 'A task failed');
      return await this.recover(order, failure);
    }
  }

  async read(chatId: string, stop: AbortSignal): Promise<ChatHead | null | 'stopped'> {
    const { persistence, store } = this.parts;
    return persistence.untilDone(() => readChat(store.database, { chatId }), stop);
  }

  async release(head: ChatHead, stop: AbortSignal): Promise<'released' | 'stopped'> {
    const { persistence, store } = this.parts;
    const input = { chatId: head.id, runnerId: head.runnerId ?? '' };
    const done = await persistence.untilDone(() => release(store, input), stop);
    return done === 'stopped' ? 'stopped' : 'released';
  }

  private work(order: TaskOrder): Promise<TaskOutcome> {
    switch (order.goal.type) {
      case 'generate':
        return takeStep(this.parts, order);
      case 'run_tools':
        return runTools(this.parts, order);
      case 'enter_action':
        return this.enterAction(order);
      case 'finish_interruption':
        return this.finishInterruption(order, order.partial);
      case 'cancel_action':
        return this.cancelAction(order);
      case 'leave':
      case 'refresh':
      case 'rest':
        throw new Error(`There is no task for "${order.goal.type}"`);
    }
  }

  private async enterAction(order: TaskOrder): Promise<TaskOutcome> {
    const { persistence, store } = this.parts;
    order.watch.enter('commit');
    const input = { fence: fenceOf(order.head), messages: [], openCalls: order.head.openCalls };
    return outcomeOf(await persistence.write(() => enterAction(store, input), order.stop));
  }

  private async cancelAction(order: TaskOrder): Promise<TaskOutcome> {
    const { persistence, store } = this.parts;
    order.watch.enter('commit');
    const { chatId, runnerId } = fenceOf(order.head);
    const input = { fence: { chatId, runnerId } };
    return outcomeOf(await persistence.write(() => cancelAction(store, input), order.stop));
  }

  private async finishInterruption(order: TaskOrder, partial: Partial | null): Promise<TaskOutcome> {
    const { persistence, store, tools, transcripts } = this.parts;
    order.watch.enter('commit');
    const isNewAnswer = partial !== null && order.head.openCalls.length === 0;
    const input = {
      fence: fenceOf(order.head),
      messages: partial?.messages ?? [],
      ...(partial !== null && { openCalls: partial.openCalls }),
      // Calls of an answer that is not in the history yet: nobody has begun any of them.
      journalledCallIds: isNewAnswer
        ? partial.openCalls.map((call) => call.tool_call_id)
        : journalledCallIds(tools, order.head),
    };
    const done = await persistence.write(() => finishInterruption(store, input), order.stop);
    return outcomeOf(transcripts.followed(order.head, done));
  }

  /** A turn that failed ends in `error`; an interruption, and a cancelled action, must end whatever went wrong. */
  private async recover(order: TaskOrder, failure: Failure): Promise<TaskOutcome> {
    const outcome = await this.parts.persistence.untilDone(() => this.end(order, failure), order.stop);
    return outcome === 'stopped' ? { type: 'stopped', partial: null } : outcome;
  }

  private async end(order: TaskOrder, { cause, partial, dropsPreview }: Failure): Promise<TaskOutcome> {
    if (order.goal.type === 'cancel_action') return this.cancelAction(order);
    if (order.goal.type === 'finish_interruption') return this.finishInterruption(order, null);
    order.watch.enter('commit');
    const error = toChatError(cause);
    const done = await fail(this.parts.store, { fence: fenceOf(order.head), error, dropsPreview });
    this.parts.transcripts.followed(order.head, done);
    if (done.ok) this.parts.metrics.failed(error.kind ?? 'generic');
    return outcomeOf(done, partial);
  }
}

export function fenceOf(head: ChatHead): { chatId: string; runnerId: string; historyVersion: number } {
  if (head.runnerId === null) throw new Error(`Chat ${head.id} has no runner`);
  return { chatId: head.id, runnerId: head.runnerId, historyVersion: head.historyVersion };
}

export function outcomeOf(done: Done | Stale, partial: Partial | null = null): TaskOutcome {
  return done.ok ? { type: 'changed', chat: done.chat, rows: done.rows } : { type: 'stale', partial };
}
