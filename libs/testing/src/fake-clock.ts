/**
 * Time moved by hand. A loop that sleeps on this clock stands still until a test advances it, and the test knows by name
 * who sleeps: `await clock.waitForSleeper('sweep'); await clock.advance(1000)` is one round of the sweep. An advance
 * wakes sleepers one by one in the order they are due, each at its own time, and gives the woken one a turn of the event
 * loop: one that sleeps again within the span is woken again. A round that does I/O takes longer than a turn: then
 * wait for its sleeper once more before going on.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '@parley/contracts';

export interface Sleeper {
  readonly name: string;
  /** Milliseconds since the epoch, by this clock. */
  readonly dueAt: number;
}

interface Sleeping extends Sleeper {
  wake(): void;
}

interface Waiter {
  name: string;
  found(): void;
}

/** Counted in short waits, so that a machine that stands still for seconds uses up one of them. */
const patience = { waits: 160, waitMs: 50 };

export class FakeClock implements Clock {
  private readonly sleeping = new Set<Sleeping>();
  private readonly waiters = new Set<Waiter>();

  constructor(private time = Date.UTC(2026, 0, 1)) {}

  now(): number {
    return this.time;
  }

  async sleep(
    ms: number,
    { name, signal }: { name: string; signal?: AbortSignal | undefined },
  ): Promise<void> {
    signal?.throwIfAborted();
    if (ms <= 0) {
      await turn();
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.sleeping.delete(sleeper);
        reject(signal?.reason as Error);
      };
      const wake = (): void => {
        this.sleeping.delete(sleeper);
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper: Sleeping = { name, dueAt: this.time + ms, wake };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.sleeping.add(sleeper);
      for (const waiter of [...this.waiters]) if (waiter.name === name) waiter.found();
    });
  }

  /** Moves time on by `ms`, waking who is due on the way. */
  async advance(ms: number): Promise<void> {
    const target = this.time + ms;
    for (;;) {
      const next = [...this.sleeping].sort((a, b) => a.dueAt - b.dueAt)[0];
      if (next === undefined || next.dueAt > target) break;
      this.time = next.dueAt;
      next.wake();
      await turn();
    }
    this.time = target;
    await turn();
  }

  /** Who sleeps under that name, or all who sleep. */
  sleepers(name?: string): Sleeper[] {
    return [...this.sleeping].filter((sleeper) => name === undefined || sleeper.name === name);
  }

  /** Resolves when somebody sleeps under that name; at once if so already. Rejects after 8 s of real time. */
  async waitForSleeper(name: string): Promise<void> {
    if (this.sleepers(name).length > 0) return;
    await new Promise<void>((resolve, reject) => {
      let waits = 0;
      const waiting = setInterval(() => {
        waits += 1;
        if (waits < patience.waits) return;
        clearInterval(waiting);
        this.waiters.delete(waiter);
        const others = this.sleepers().map((sleeper) => sleeper.name);
        reject(new Error(`Nobody sleeps as "${name}"; asleep are: ${others.join(', ') || 'none'}.`));
      }, patience.waitMs);
      const waiter: Waiter = {
        name,
        found: () => {
          clearInterval(waiting);
          this.waiters.delete(waiter);
          resolve();
        },
      };
      this.waiters.add(waiter);
    });
  }
}
