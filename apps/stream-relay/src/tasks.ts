/** Work started on the side: every promise is kept until it settles, a failure is logged, and `stop` ends and awaits all. */

export interface TaskLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Ten thousand feeds have one each, most of them with nothing to do: what it needs is made when it is needed. */
export class Tasks {
  private running: Set<Promise<void>> | undefined;
  private abort: AbortController | undefined;
  private hasStopped = false;

  constructor(private readonly logger: TaskLogger) {}

  get isStopped(): boolean {
    return this.hasStopped;
  }

  /** Aborts at `stop`. */
  get signal(): AbortSignal {
    this.abort ??= new AbortController();
    if (this.hasStopped) this.abort.abort();
    return this.abort.signal;
  }

  run(name: string, work: () => Promise<unknown>): void {
    if (this.hasStopped) return;
    const running = (this.running ??= new Set<Promise<void>>());
    const task = this.settle(name, work).finally(() => {
      running.delete(task);
      if (running.size === 0 && this.running === running) this.running = undefined;
    });
    running.add(task);
  }

  async stop(): Promise<void> {
    this.hasStopped = true;
    this.abort?.abort();
    if (this.running !== undefined) await Promise.all(this.running);
  }

  private async settle(name: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.hasStopped) this.logger.warn({ err: error, task: name }, 'A task failed');
    }
  }
}

/** Those who ask for the same thing at the same time share one run. */
export class SingleFlight<Result> {
  private running: Map<string, Promise<Result>> | undefined;

  run(key: string, work: () => Promise<Result>): Promise<Result> {
    const running = (this.running ??= new Map<string, Promise<Result>>());
    const shared = running.get(key);
    if (shared !== undefined) return shared;
    const run = work().finally(() => {
      running.delete(key);
      if (running.size === 0 && this.running === running) this.running = undefined;
    });
    running.set(key, run);
    return run;
  }
}
