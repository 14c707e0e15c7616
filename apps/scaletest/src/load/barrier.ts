/** Everybody arrives once, alive or dead; then all are released together. A dead one cannot hold the others up. */
export class Barrier {
  private left: number;
  private release: () => void = () => undefined;
  private readonly released = new Promise<void>((resolve) => (this.release = resolve));

  constructor(
    parties: number,
    /** Runs when all have arrived, before anybody is released. */
    private readonly whenAllArrived: () => Promise<void>,
  ) {
    this.left = parties;
  }

  /** Counts one in. Calling it is enough; awaiting the release is separate. */
  arrive(): void {
    this.left -= 1;
    if (this.left === 0) void this.whenAllArrived().finally(() => this.release());
  }

  untilReleased(): Promise<void> {
    return this.released;
  }
}
