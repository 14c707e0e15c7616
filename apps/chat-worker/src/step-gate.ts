/**
 * Holds new steps back while commits pile up: a model that answers at once is otherwise asked for thousands of answers that only wait
 * for Postgres, each with its connection and its text in memory. With a thousand connections ready at once Node reads them one after
 * another for seconds, and neither a timer nor a heartbeat gets its turn.
 *
 * So it is open as long as the commits under way, and those let in during this turn of the event loop, are fewer than the maximum. A
 * model that takes its time hardly meets it: thousands of steps are in within a second. Who waits is let in first come, first served.
 */
const MAX_COMMITTING = 64;

export class StepGate {
  private committing = 0;
  /** Since the event loop last went round. */
  private entered = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly maxCommitting: number = MAX_COMMITTING) {}

  get isOpen(): boolean {
    return this.waiting.size === 0 && this.hasRoom;
  }

  /** Resolves when it is this caller's turn: true, or false when the signal aborted first. */
  async pass(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.isOpen) {
      this.enter();
      return true;
    }
    await new Promise<void>((resolve) => {
      const go = (): void => {
        this.waiting.delete(go);
        signal.removeEventListener('abort', go);
        resolve();
      };
      this.waiting.add(go);
      signal.addEventListener('abort', go);
    });
    return !signal.aborted;
  }

  /** Counts the commit while it is under way. @throws what the commit threw */
  async commit<T>(work: () => Promise<T>): Promise<T> {
    this.committing += 1;
    try {
      return await work();
    } finally {
      this.committing -= 1;
      this.letIn();
    }
  }

  private get hasRoom(): boolean {
    return this.committing + this.entered < this.maxCommitting;
  }

  private enter(): void {
    this.entered += 1;
    if (this.entered > 1) return;
    setImmediate(() => {
      this.entered = 0;
      this.letIn();
    });
  }

  private letIn(): void {
    for (const go of this.waiting) {
      if (!this.hasRoom) return;
      this.enter();
      go();
    }
  }
}
