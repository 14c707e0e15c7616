/** Work started on the side: every promise is kept until it settles, a failure is logged, and `stop` ends and awaits all. */

export interface TaskLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export class Tasks {
  private readonly running = new Set<Promise<void>>();
  private readonly abort = new AbortController();

  constructor(private readonly logger: TaskLogger) {}

  get signal(): AbortSignal {
    return this.abort.signal;
  }

  run(name: string, work: (signal: AbortSignal) => Promise<unknown>): void {
    if (this.abort.signal.aborted) return;
    const task = this.settle(name, work).finally(() => this.running.delete(task));
    this.running.add(task);
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await Promise.all(this.running);
  }

  private async settle(name: string, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    try {
      await work(this.abort.signal);
    } catch (error) {
      if (!this.abort.signal.aborted) this.logger.warn({ err: error, task: name }, 'A task failed');
    }
  }
}

/** Those who ask for the same thing at the same time share one run. */
export class SingleFlight<Result> {
  private readonly running = new Map<string, Promise<Result>>();

  run(key: string, work: () => Promise<Result>): Promise<Result> {
    const shared = this.running.get(key);
    if (shared !== undefined) return shared;
    const run = work().finally(() => this.running.delete(key));
    this.running.set(key, run);
    return run;
  }
}
