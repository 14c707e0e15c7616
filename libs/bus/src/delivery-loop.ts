/**
 * The wire of the in-process bus: one queue in which everything published waits for the next turn of the event loop, in
 * order. Bounded by count and bytes; when full, further messages are dropped (the bus may lose) and counted.
 */
export interface DeliveryLimits {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

interface Entry {
  readonly run: () => void;
  readonly bytes: number;
}

export class DeliveryLoop {
  private entries: Entry[] = [];
  private bytes = 0;
  private isScheduled = false;

  constructor(private readonly limits: DeliveryLimits) {}

  /** Whether it was taken; `run` must not throw. */
  offer(bytes: number, run: () => void): boolean {
    if (this.entries.length >= this.limits.maxMessages || this.bytes + bytes > this.limits.maxBytes)
      return false;
    this.push({ run, bytes });
    return true;
  }

  /** Resolves when everything offered before has run. */
  barrier(): Promise<void> {
    return new Promise((resolve) => this.push({ run: resolve, bytes: 0 }));
  }

  private push(entry: Entry): void {
    this.entries.push(entry);
    this.bytes += entry.bytes;
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => this.deliver());
  }

  /** Delivers what was there at the start of this turn; answers to it wait for the next one, so that I/O is never starved. */
  private deliver(): void {
    const batch = this.entries;
    this.entries = [];
    this.bytes = 0;
    this.isScheduled = false;
    for (const entry of batch) entry.run();
  }
}
