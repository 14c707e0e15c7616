/**
 * For how long this process did nothing since it was made, because the machine was busy with others or stood still. A test
 * that holds the system to a time on the clock takes it off: on a machine that does nothing for seconds, nothing is in time.
 */
export class Standstill {
  /** The longest one, in ms. */
  longestMs = 0;
  /** All of them together, in ms. */
  totalMs = 0;
  private readonly timer: NodeJS.Timeout;
  private lookedAt = performance.now();

  constructor() {
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.timer.unref();
  }

  stop(): void {
    this.look();
    clearInterval(this.timer);
  }

  private look(): void {
    const now = performance.now();
    const lateMs = now - this.lookedAt - LOOK_MS;
    this.lookedAt = now;
    if (lateMs < NOTABLE_MS) return;
    this.longestMs = Math.max(this.longestMs, lateMs);
    this.totalMs += lateMs;
  }
}

const LOOK_MS = 20;
/** Less is the ordinary delay of a timer. */
const NOTABLE_MS = 50;
