/** At most so many at once; further ones wait in order, and when too many wait the newest is refused. */
export class ConcurrencyLimit {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly options: { readonly concurrency: number; readonly maxWaiting: number }) {}

  /** Throws OverloadedError, else what `work` throws. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.options.concurrency) this.running += 1;
    else await this.place();
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running -= 1;
    }
  }

  /** The place of one that finishes goes straight to the first that waits. */
  private place(): Promise<void> {
    if (this.waiting.length >= this.options.maxWaiting) throw new OverloadedError(this.waiting.length);
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';
  readonly code = 'overloaded';
  constructor(readonly waiting: number) {
    super(`${waiting} messages wait already`);
  }
}
