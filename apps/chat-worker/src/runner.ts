/**
 * One runner a chat: the loop between a chat and the tasks that serve it.
 *
 * It knows the chat, asks `decide` what to do, and keeps one task under way that does it. It does no I/O itself. When what it
 * knows changes so that the task no longer serves, the task is aborted, awaited, and another begins; the text of an answer
 * that was cut off by an interrupt passes from the one to the other. It ends when the chat is another's, when it was told to
 * give it back, or when its worker stops it; it never ends by a throw.
 */
import type { ChatHead } from '@parley/chat-state';
import type { WorkerWake } from '@parley/contracts';
import { decide, isWork, type Goal } from './decide';
import { KnownChat, type HistoryListener } from './known-chat';
import type { TurnWatch } from './observe/turn-watch';
import type { Partial, TaskOutcome, Tasks } from './tasks';
import type { Place } from './tools/lent-place';
import { WakeSignal } from './wake-signal';

/** What a runner needs of its worker. */
export interface RunnerHost {
  readonly tasks: Tasks;
  readonly now: () => number;
  readonly onHistory: HistoryListener;
  /** In the trace that the chat was acquired in. */
  watch(chatId: string): TurnWatch;
  /** Takes a place for work. False: the worker is full or stopping, and the chat is given back. */
  takePlace(runner: Runner): boolean;
  leavePlace(runner: Runner): void;
  /** Others may have the place while the runner only waits for other chats. False: too many wait already, and it is kept. */
  lendPlace(runner: Runner): boolean;
}

/** How a runner ended: the chat was given back, or is no longer ours, or the worker stopped the runner. */
export type RunnerEnd = 'released' | 'lost' | 'stopped';

interface RunningTask {
  readonly goal: Goal;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

export class Runner {
  readonly chatId: string;
  readonly runnerId: string;
  private readonly chat: KnownChat;
  private readonly watch: TurnWatch;
  private readonly signal = new WakeSignal();
  private task: RunningTask | null = null;
  private reading: Promise<void> | null = null;
  private partial: Partial | null = null;
  private isDraining = false;
  private isGivingBack = false;
  private restSince: number | null = null;
  private hasPlace = false;
  /** The task under way only waits for other chats, which may need the place. */
  private isOnlyWaiting = false;
  private readonly place: Place = {
    lend: () => this.lendPlace(),
    takeBack: () => this.takePlaceBack(),
  };
  /** Since when this runner works on the present history, retries included. */
  private work = { historyVersion: 0, startedAt: 0 };
  /** A sweep finds an action only when the database's clock says that its deadline has passed. */
  private isActionOverdue: boolean;

  constructor(
    head: ChatHead & { readonly runnerId: string },
    private readonly host: RunnerHost,
  ) {
    this.chatId = head.id;
    this.runnerId = head.runnerId;
    this.isActionOverdue = head.status === 'requires_action';
    this.watch = host.watch(head.id);
    this.chat = new KnownChat(head, host.onHistory);
  }

  get version(): number {
    return this.chat.head.version;
  }

  /** When it last had nothing more to do; null while it works. */
  get restingSince(): number | null {
    return this.restSince;
  }

  /** It gives its chat back already: a wake-up comes too late for it. */
  get isLeaving(): boolean {
    return this.isGivingBack;
  }

  wake(wake: Pick<WorkerWake, 'version' | 'change' | 'settings'>): void {
    this.watch.heard(wake.change);
    if (wake.change === undefined) this.chat.hint(wake.version);
    else this.chat.learn(wake.change, wake.settings);
    this.signal.fire();
  }

  /** Of the action that the chat waits for, by the database's clock. */
  deadlinePassed(): void {
    this.isActionOverdue = true;
    this.signal.fire();
  }

  /** Lets the present task finish, then gives the chat back. A wait for other chats is cut short: another worker waits on. */
  drain(): void {
    this.isDraining = true;
    if (this.isOnlyWaiting) this.task?.abort.abort();
    this.signal.fire();
  }

  /** Runs until the chat is given back or lost, or `stop` aborts: then at once, and the row is left as it is. */
  async run(stop: AbortSignal): Promise<RunnerEnd> {
    const onStop = (): void => this.signal.fire();
    stop.addEventListener('abort', onStop, { once: true });
    try {
      return await this.watch.outside(() => this.loop(stop));
    } finally {
      stop.removeEventListener('abort', onStop);
      await this.dropTask();
      await this.reading;
      this.giveUpPlace();
      this.watch.close();
    }
  }

  private async loop(stop: AbortSignal): Promise<RunnerEnd> {
    for (;;) {
      if (stop.aborted) return 'stopped';
      const goal = this.decide();
      if (goal.type === 'leave') return 'lost';
      if (goal.type === 'refresh') {
        this.startReading(stop);
        await this.signal.wait();
      } else if (this.task?.goal.key === goal.key) {
        await this.signal.wait();
      } else if (this.task !== null) {
        await this.dropTask();
      } else if (this.mustGiveBack(goal)) {
        this.isGivingBack = true;
        return await this.host.tasks.release(this.chat.head, stop);
      } else if (goal.type === 'rest') {
        await this.rest();
      } else {
        this.begin(goal, stop);
      }
    }
  }

  private decide(): Goal {
    const { head } = this.chat;
    return decide(
      { ...head, status: this.chat.status },
      {
        isOurs: this.chat.isOwnedBy(this.runnerId),
        isBehind: this.chat.isBehind,
        isStale: this.chat.isStale,
        isActionOverdue: this.isActionOverdue,
      },
    );
  }

  /** An interruption is finished here even when the worker stops or is full: only this runner has what viewers saw. */
  private mustGiveBack(goal: Goal): boolean {
    if (goal.type === 'finish_interruption' && this.partial !== null) return false;
    if (this.isDraining) return true;
    if (!isWork(goal)) return false;
    this.hasPlace ||= this.host.takePlace(this);
    return !this.hasPlace;
  }

  private async rest(): Promise<void> {
    this.giveUpPlace();
    this.restSince ??= this.host.now();
    await this.signal.wait();
  }

  private giveUpPlace(): void {
    if (this.hasPlace) this.host.leavePlace(this);
    this.hasPlace = false;
  }

  private lendPlace(): void {
    this.isOnlyWaiting = true;
    if (this.isDraining) this.task?.abort.abort();
    else if (this.hasPlace && this.host.lendPlace(this)) this.hasPlace = false;
  }

  /** When there is none now, it is asked for again before the next task begins. */
  private takePlaceBack(): void {
    this.isOnlyWaiting = false;
    this.hasPlace ||= this.host.takePlace(this);
  }

  private begin(goal: Goal, stop: AbortSignal): void {
    this.restSince = null;
    this.isActionOverdue = false;
    const { head } = this.chat;
    const abort = new AbortController();
    const partial = this.partial?.historyVersion === head.historyVersion ? this.partial : null;
    this.partial = null;
    if (this.work.historyVersion !== head.historyVersion) {
      this.work = { historyVersion: head.historyVersion, startedAt: this.host.now() };
    }
    const { startedAt } = this.work;
    const { signal } = abort;
    const { watch, place } = this;
    const order = { goal, head, partial, startedAt, watch, place, signal, stop };
    const work = watch.perform(order, () => this.host.tasks.perform(order));
    this.task = { goal, abort, done: work.then((outcome) => this.settle(outcome)) };
  }

  private settle(outcome: TaskOutcome): void {
    this.task = null;
    switch (outcome.type) {
      case 'changed':
        this.chat.reread(outcome.chat);
        break;
      case 'stale':
        this.chat.refused();
        this.partial = outcome.partial;
        break;
      case 'stopped':
        this.partial = outcome.partial;
        break;
    }
    this.signal.fire();
  }

  private async dropTask(): Promise<void> {
    this.task?.abort.abort();
    await this.task?.done;
  }

  /** Beside a task under way, which goes on: most of what one misses does not concern it. */
  private startReading(stop: AbortSignal): void {
    this.reading ??= this.host.tasks.read(this.chatId, stop).then((head) => {
      this.reading = null;
      if (head !== 'stopped') this.chat.reread(head);
      this.signal.fire();
    });
  }
}
