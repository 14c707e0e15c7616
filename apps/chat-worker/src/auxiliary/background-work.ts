/**
 * Work beside the turns: at most so much at once, at most so much that waits, and at a stop all of it is aborted and awaited.
 * No turn waits for it, and what finds no room is not done.
 */
import { setMaxListeners } from 'node:events';

export interface BackgroundWorkOptions {
  readonly maxRunning: number;
  readonly maxWaiting: number;
}

type Job = (stop: AbortSignal) => Promise<void>;

export class BackgroundWork {
  private readonly waiting: Job[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly options: BackgroundWorkOptions) {
    setMaxListeners(0, this.stopping.signal);
  }

  /**
   * Starts the job, now or when there is a place for it. False when there is no room, or all is stopping.
   * @param job must not reject; it may never be called, when the stop comes first
   */
  add(job: Job): boolean {
    if (this.stopping.signal.aborted || this.waiting.length >= this.options.maxWaiting) return false;
    this.waiting.push(job);
    this.startNext();
    return true;
  }

  /** Aborts what runs, forgets what waits, and resolves when nothing runs any more. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.waiting.length = 0;
    await this.idle();
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private startNext(): void {
    if (this.running.size >= this.options.maxRunning) return;
    const job = this.waiting.shift();
    if (job === undefined) return;
    const done = job(this.stopping.signal).finally(() => {
      this.running.delete(done);
      this.startNext();
    });
    this.running.add(done);
  }
}
