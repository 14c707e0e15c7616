/**
 * Subscriptions that are wanted but perhaps not yet made: while the bus is away nobody waits for it, the sweep does the work.
 */
import type { Subscription } from '@parley/bus';

export class Subscriptions {
  private readonly wanted = new Set<{ made: Subscription | null; settled: Promise<void> }>();

  constructor(private readonly onFailure: (error: unknown) => void) {}

  add(subscribing: Promise<Subscription>): void {
    const entry = { made: null as Subscription | null, settled: Promise.resolve() };
    entry.settled = subscribing.then(
      (subscription) => {
        if (this.wanted.has(entry)) entry.made = subscription;
        else subscription.unsubscribe();
      },
      (error: unknown) => {
        if (this.wanted.has(entry)) this.onFailure(error);
      },
    );
    this.wanted.add(entry);
  }

  /** Resolves when the server has all of them. */
  async made(): Promise<void> {
    await Promise.all([...this.wanted].map((entry) => entry.settled));
  }

  /** Lets what had arrived be handled. One that was not made yet is undone when it is, or when the bus closes. */
  async close(): Promise<void> {
    const entries = [...this.wanted];
    this.wanted.clear();
    await Promise.all(entries.map(async (entry) => entry.made?.drain()));
  }
}
