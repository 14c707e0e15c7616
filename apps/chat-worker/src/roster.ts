/**
 * The runners of one worker: who is there, how many work, and how they all end.
 *
 * A place is taken by a runner that works on a turn; one that rests after a turn keeps its chat but holds no place. Both are
 * bounded: without a free place a runner gives its chat back, and of those that rest the longest resting go first. A runner whose
 * turn only waits for other chats lends its place to them: so parents never keep out the children they wait for. Those are as many
 * as may rest; who comes then waits in its place, and until its wait is over.
 */
import { setMaxListeners } from 'node:events';
import type { ChatHead } from '@parley/chat-state';
import type { HistoryListener } from './known-chat';
import type { TurnWatch } from './observe/turn-watch';
import { Runner, type RunnerHost } from './runner';
import type { Tasks } from './tasks';

export interface RosterOptions {
  readonly tasks: Tasks;
  readonly now: () => number;
  readonly onHistory: HistoryListener;
  readonly watch: (chatId: string) => TurnWatch;
  /** A place became free. */
  readonly onPlace: () => void;
  /** Whether chats that nobody owns wait for a place. */
  readonly isWanted: () => boolean;
  readonly onCrash: (error: unknown, chatId: string) => void;
  readonly maxWorking: number;
  readonly maxResting: number;
  /** How long a chat is kept after its turn. */
  readonly restMs: number;
}

export class Roster implements RunnerHost {
  private readonly runners = new Map<string, Runner>();
  private readonly running = new Map<Runner, Promise<void>>();
  private readonly working = new Set<Runner>();
  /** They work on a turn, but only wait for other chats in it. */
  private readonly waiting = new Set<Runner>();
  private reserved = 0;
  private isClosing = false;
  private stopping = newStop();

  constructor(private readonly options: RosterOptions) {}

  get tasks(): Tasks {
    return this.options.tasks;
  }

  get now(): () => number {
    return this.options.now;
  }

  get onHistory(): HistoryListener {
    return this.options.onHistory;
  }

  watch(chatId: string): TurnWatch {
    return this.options.watch(chatId);
  }

  get workingCount(): number {
    return this.working.size;
  }

  get count(): number {
    return this.runners.size;
  }

  /** Places neither taken nor promised. */
  get freePlaces(): number {
    return this.isClosing ? 0 : Math.max(0, this.options.maxWorking - this.working.size - this.reserved);
  }

  find(chatId: string): Runner | undefined {
    return this.runners.get(chatId);
  }

  /** Keeps `count` places free for chats that are being acquired. Returns the way to give them up. */
  reserve(count: number): () => void {
    this.reserved += count;
    return () => {
      this.reserved -= count;
    };
  }

  /** Starts a runner for a chat that was just acquired. One that is there already has lost it by that. */
  start(head: ChatHead & { readonly runnerId: string }): void {
    const runner = new Runner(head, this);
    this.runners.set(head.id, runner);
    this.running.set(runner, this.run(runner, this.stopping.signal));
  }

  /** Resolves when this runner has ended. */
  async ended(runner: Runner): Promise<void> {
    await this.running.get(runner);
  }

  /** A chat that rested goes to the end of the line where others wait: else those with an owner would never let them in. */
  takePlace(runner: Runner): boolean {
    if (this.isClosing || this.working.size >= this.options.maxWorking) return false;
    if (runner.restingSince !== null && this.options.isWanted()) return false;
    this.waiting.delete(runner);
    this.working.add(runner);
    return true;
  }

  leavePlace(runner: Runner): void {
    this.waiting.delete(runner);
    if (this.working.delete(runner)) this.options.onPlace();
  }

  lendPlace(runner: Runner): boolean {
    if (this.waiting.size >= this.options.maxResting) return false;
    this.leavePlace(runner);
    this.waiting.add(runner);
    return true;
  }

  /** Gives back chats that have rested long enough, and the longest resting ones over the limit. */
  releaseRested(): void {
    const resting = [...this.runners.values()]
      .flatMap((runner) => (runner.restingSince === null ? [] : [{ runner, since: runner.restingSince }]))
      .sort((a, b) => a.since - b.since);
    const surplus = resting.length - this.options.maxResting;
    const oldest = this.options.now() - this.options.restMs;
    for (const [index, { runner, since }] of resting.entries()) {
      if (index >= surplus && since > oldest) return;
      runner.drain();
    }
  }

  /** No more turns begin; each runner finishes its step and gives its chat back. Resolves when all have. */
  async drain(): Promise<void> {
    this.isClosing = true;
    for (const runner of this.runners.values()) runner.drain();
    await this.idle();
  }

  /** Stops all runners at once, their rows left as they are. Afterwards new ones may start, unless it was drained. */
  async stopAll(): Promise<void> {
    const { stopping } = this;
    this.stopping = newStop();
    stopping.abort(new Error('The worker stops its runners'));
    await this.idle();
  }

  private async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  private async run(runner: Runner, stop: AbortSignal): Promise<void> {
    try {
      await runner.run(stop);
    } catch (error) {
      this.options.onCrash(error, runner.chatId);
    } finally {
      this.waiting.delete(runner);
      this.running.delete(runner);
      if (this.runners.get(runner.chatId) === runner) this.runners.delete(runner.chatId);
    }
  }
}

/** Every runner listens to it. */
function newStop(): AbortController {
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  return stop;
}
