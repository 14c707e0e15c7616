/**
 * Holds new steps back while commits pile up: a model that answers at once is otherwise asked for thousands of answers that only
 * wait for Postgres, each with its request and its text in memory, and the newest as long as the oldest.
 *
 * Open as long as fewer than `maxCommitting` commits are under way; a model that takes its time never meets it. Those who wait are let
 * in first come, first served, ever more the fewer commits are left, and all of them when none is: nobody waits for nothing.
 */
const MAX_COMMITTING = 64;

export class StepGate {
  private committing = 0;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly maxCommitting: number = MAX_COMMITTING) {}

  get isOpen(): boolean {
    return this.committing < this.maxCommitting && this.waiting.size === 0;
  }

  /** Resolves when it is this caller's turn: true, or false when the signal aborted first. */
  async pass(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.isOpen) return true;
    await new Promise<void>((resolve) => {
      const leave = (): void => {
        this.waiting.delete(leave);
        signal.removeEventListener('abort', leave);
        resolve();
      };
      this.waiting.add(leave);
      signal.addEventListener('abort', leave);
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
      this.letIn(this.committing === 0 ? Infinity : this.maxCommitting - this.committing);
    }
  }

  private letIn(count: number): void {
    let left = count;
    for (const enter of this.waiting) {
      if (left <= 0) return;
      left -= 1;
      enter();
    }
  }
}
