/**
 * When each turn is meant to begin. Closed loop: as soon as the chat's last turn has ended, so many times or until a deadline.
 * Open loop: at times drawn beforehand, by whichever chat is free; when none is, the turn waits and its latency counts the wait.
 */
export interface Slots {
  /** When the next turn is meant to begin (`performance.now()`), now or in the past; null when there is none left. */
  next(): Promise<number | null>;
}

export interface ClosedLoopOptions {
  /** Follow-up turns of a chat; absent: until the deadline. */
  readonly turns?: number;
  readonly durationMs?: number;
  readonly signal: AbortSignal;
}

export class ClosedLoop {
  private endsAtMs = Number.POSITIVE_INFINITY;

  constructor(private readonly options: ClosedLoopOptions) {}

  /** The clock of the duration begins. */
  start(): void {
    const { durationMs } = this.options;
    if (durationMs !== undefined) this.endsAtMs = performance.now() + durationMs;
  }

  forChat(): Slots {
    let left = this.options.turns ?? Number.POSITIVE_INFINITY;
    return {
      next: () => {
        const now = performance.now();
        if (left === 0 || now >= this.endsAtMs || this.options.signal.aborted) return Promise.resolve(null);
        left -= 1;
        return Promise.resolve(now);
      },
    };
  }
}

export class OpenLoop implements Slots {
  /** Turns whose time has come and that no chat has taken. */
  private readonly backlog: number[] = [];
  private readonly free: ((slot: number | null) => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private isOver = false;
  private startedAtMs = 0;
  /** The longest backlog seen. */
  worstBacklog = 0;

  constructor(
    private readonly times: Iterator<number>,
    signal: AbortSignal,
  ) {
    signal.addEventListener('abort', () => this.end(), { once: true });
  }

  start(): void {
    this.startedAtMs = performance.now();
    this.schedule(this.times.next());
  }

  next(): Promise<number | null> {
    const waiting = this.backlog.shift();
    if (waiting !== undefined) return Promise.resolve(waiting);
    if (this.isOver) return Promise.resolve(null);
    return new Promise((resolve) => this.free.push(resolve));
  }

  private schedule(next: IteratorResult<number>): void {
    let upcoming = next;
    while (upcoming.done !== true && !this.isOver) {
      const dueAt = this.startedAtMs + upcoming.value;
      const waitMs = dueAt - performance.now();
      if (waitMs > 0.5) {
        const later = upcoming;
        this.timer = setTimeout(() => this.schedule(later), waitMs);
        return;
      }
      this.dispatch(dueAt);
      upcoming = this.times.next();
    }
    this.end();
  }

  private dispatch(slot: number): void {
    const chat = this.free.shift();
    if (chat !== undefined) return chat(slot);
    this.backlog.push(slot);
    this.worstBacklog = Math.max(this.worstBacklog, this.backlog.length);
  }

  private end(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    for (const chat of this.free.splice(0)) chat(null);
  }
}
