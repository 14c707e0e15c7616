/**
 * Runs listeners so that a throw stays with its own message, and knows which still run, so that a drain can wait for them.
 */
import type { BusLogger } from './bus';

export class ListenerRuns {
  /** Made when something runs for longer than a turn: ten thousand subscriptions of a relay never do. */
  private running: Set<Promise<void>> | undefined;

  constructor(
    private readonly subject: string,
    private readonly logger: BusLogger,
    /** The runs of all subscriptions of the bus, which it waits for at its own drain. */
    private readonly runsOfBus: Set<Promise<void>>,
  ) {}

  /** Starts `work`; what it throws is logged. Synchronous work costs no promise. */
  start(work: () => void | Promise<void>): void {
    try {
      const result = work();
      if (result) this.track(result);
    } catch (error) {
      this.report(error);
    }
  }

  /** Resolves when nothing runs any more, including what is started meanwhile. */
  async idle(): Promise<void> {
    while (this.running !== undefined && this.running.size > 0) await Promise.all(this.running);
  }

  private track(result: Promise<void>): void {
    const running = (this.running ??= new Set<Promise<void>>());
    const run: Promise<void> = result
      .catch((error: unknown) => this.report(error))
      .finally(() => {
        running.delete(run);
        this.runsOfBus.delete(run);
      });
    running.add(run);
    this.runsOfBus.add(run);
  }

  private report(error: unknown): void {
    this.logger.error({ err: error, subject: this.subject }, 'A bus listener threw');
  }
}
