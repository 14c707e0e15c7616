/**
 * The place that a chat has in its worker, while its tools run. When all calls that still run only wait for other chats, those may have
 * it: else a worker full of parents that wait for their children would never let a child in.
 */

/** The place as its runner sees it. */
export interface Place {
  /** Others may have it, unless too many wait already. */
  lend(): void;
  /** Asks for it back. Without it the task goes on to its end, and the runner asks again before it begins another. */
  takeBack(): void;
}

export class LentPlace {
  private waiting = 0;
  private isLent = false;

  /** @param running calls under way */
  constructor(
    private readonly place: Place,
    private running: number,
  ) {}

  async whileWaiting<T>(wait: () => Promise<T>): Promise<T> {
    this.waiting += 1;
    this.consider();
    try {
      return await wait();
    } finally {
      this.waiting -= 1;
      this.consider();
    }
  }

  /** One of the calls has ended. */
  callEnded(): void {
    this.running -= 1;
    this.consider();
  }

  private consider(): void {
    const mayLend = this.running > 0 && this.waiting === this.running;
    if (mayLend === this.isLent) return;
    this.isLent = mayLend;
    if (mayLend) this.place.lend();
    else this.place.takeBack();
  }
}
