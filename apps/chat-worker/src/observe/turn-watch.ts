/**
 * Watches the turns of one chat while a runner has it: when each began, in which trace, where its time went and how it ended. It only looks:
 * nothing it does can change or delay a turn.
 *
 * A turn begins with the first task for it, and counts from when its message was committed: that is told by the change on the bus, else
 * by the row. A chat taken over in the middle counts from its message too, so its wait holds what the dead worker did.
 */
import type { ChatHead } from '@parley/chat-state';
import type { ChatChange } from '@parley/contracts';
import { NO_TRACER, type Tracer } from '@parley/service';
import type { Goal } from '../decide';
import type { WorkerMetrics } from '../metrics';
import type { TaskOutcome } from '../tasks';
import type { TurnOutcome, TurnStage } from './turn-stages';
import { TurnTimer } from './turn-timer';
import type { WorkerOptions } from '../worker-options';

export interface TurnWatchOptions {
  readonly tracer: Tracer;
  readonly metrics: Pick<WorkerMetrics, 'turnEnded' | 'firstToken'>;
  readonly logger: { debug?(fields: object, message: string): void };
  /** Milliseconds since the epoch, with fractions, on a clock that never goes back. */
  readonly now: () => number;
}

/** As the surroundings of a worker have it. */
export function turnWatchOptions({ metrics, logger, tracer = NO_TRACER }: WorkerOptions): TurnWatchOptions {
  // The wall clock jumps; this one began with the process.
  return { metrics, logger, tracer, now: () => performance.timeOrigin + performance.now() };
}

export class TurnWatch {
  private timer: TurnTimer | null = null;
  private historyVersion = 0;
  /** Of the next turn. */
  private since: number | null = null;
  private parent: string | undefined;
  private isDropped = false;

  constructor(
    private readonly chatId: string,
    private readonly options: TurnWatchOptions,
  ) {
    this.parent = options.tracer.present();
  }

  /** Of the turn under way, as logs and traces name it: the history version it began on. */
  get turn(): number {
    return this.historyVersion;
  }

  /** The owner was woken, in the present trace. What a turn then begins with was committed when its message was. */
  heard(change: ChatChange | undefined): void {
    this.parent = this.options.tracer.present() ?? this.parent;
    const last = change?.messages?.at(-1);
    if (last !== undefined) this.since = Date.parse(last.created_at);
    if (change?.history_reset === true) this.isDropped = true;
  }

  /** Runs one task of a turn. */
  async perform(
    order: { goal: Goal; head: ChatHead },
    work: () => Promise<TaskOutcome>,
  ): Promise<TaskOutcome> {
    if (this.isDropped && order.goal.type === 'generate') this.end('dropped');
    this.timer ??= this.begin(order.head);
    const { tracer } = this.options;
    const outcome = await (tracer.isOn ? tracer.within(this.timer.span, work) : work());
    this.enter('unattributed');
    const end = endOf(order, outcome);
    if (end !== null) this.end(end);
    return outcome;
  }

  /** In no trace: a runner outlives the message that began it. */
  outside<T>(work: () => T): T {
    return this.options.tracer.within(null, work);
  }

  /** The turn under way goes into that stage, and so leaves the one it was in. */
  enter(stage: TurnStage): void {
    this.timer?.enter(stage);
  }

  /** The first part reached viewers. */
  firstToken(): void {
    const ms = this.timer?.firstToken() ?? null;
    if (ms !== null) this.options.metrics.firstToken(ms);
  }

  /** The runner has ended. */
  close(): void {
    this.end('lost');
  }

  private begin(head: ChatHead): TurnTimer {
    const { tracer, now, logger } = this.options;
    const { since, parent, chatId } = this;
    const { historyVersion, workerId } = head;
    this.since = null;
    this.parent = undefined;
    this.isDropped = false;
    this.historyVersion = historyVersion;
    logger.debug?.({ chat_id: chatId, turn: historyVersion }, 'A turn begins');
    const attributes = (): Record<string, string | number> => ({
      'parley.chat_id': chatId,
      'parley.turn': historyVersion,
      'parley.worker_id': workerId ?? '',
    });
    return new TurnTimer({ tracer, now, parent, attributes, since: since ?? head.updatedAt.getTime() });
  }

  private end(outcome: TurnOutcome): void {
    this.isDropped = false;
    if (this.timer === null) return;
    const { logger, metrics } = this.options;
    const ended = this.timer.end(outcome);
    this.timer = null;
    metrics.turnEnded(ended);
    const { totalMs, stageMs } = ended;
    logger.debug?.(
      { chat_id: this.chatId, turn: this.historyVersion, outcome, total_ms: totalMs, stage_ms: stageMs },
      'A turn ended',
    );
  }
}

/** Null while the turn goes on. A chat that still runs has either more to do for this turn or the next one in its queue. */
function endOf({ goal }: { goal: Goal }, outcome: TaskOutcome): TurnOutcome | null {
  if (outcome.type !== 'changed') return null;
  const { chat } = outcome;
  const wasInterrupted = goal.type === 'finish_interruption';
  switch (chat.status) {
    case 'waiting':
      return wasInterrupted ? 'interrupted' : 'finished';
    case 'error':
      return 'failed';
    case 'requires_action':
      return 'action_required';
    case 'interrupting':
      return null;
    case 'running': {
      if (wasInterrupted) return 'interrupted';
      // A compaction within the turn ends with messages, too, but those are for the model alone.
      const last = outcome.rows.at(-1);
      const hasNextMessage = last?.role === 'user' && last.visibility !== 'model';
      return goal.type === 'generate' && hasNextMessage ? 'finished' : null;
    }
  }
}
