/** Deadlines of everything that is waited for, checked by one timer: ten thousand turns in flight need no timer each. */
interface Wait {
  readonly deadlineMs: number;
  readonly onTimeout: () => void;
}

const CHECK_MS = 250;

export class HangWatch {
  private readonly waits = new Set<Wait>();
  private readonly timer = setInterval(() => this.check(), CHECK_MS);

  /** Calls back unless the returned function was called before. */
  watch(timeoutMs: number, onTimeout: () => void): () => void {
    const wait: Wait = { deadlineMs: performance.now() + timeoutMs, onTimeout };
    this.waits.add(wait);
    return () => void this.waits.delete(wait);
  }

  close(): void {
    clearInterval(this.timer);
    this.waits.clear();
  }

  private check(): void {
    const now = performance.now();
    for (const wait of this.waits) {
      if (wait.deadlineMs > now) continue;
      this.waits.delete(wait);
      wait.onTimeout();
    }
  }
}
