/**
 * How long a runner insists on Postgres.
 *
 * While it is away, restarting or full, a statement is sent again, with growing pauses, as long as the lease holds. Repeating is
 * safe because every write is fenced: one that did commit makes its repetition stale, and the runner reads the chat again.
 */
import type { Clock } from '@parley/contracts';
import { isConnectionError, sqlState } from '@parley/database';

const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2_000;
/** Serialization failure, deadlock: Postgres asks to try again. */
const REPEATABLE_STATES = new Set(['40001', '40P01']);

export interface PersistenceOptions {
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly onPause: (error: unknown) => void;
}

export class Persistence {
  constructor(private readonly options: PersistenceOptions) {}

  /** @throws what the work threw, unless Postgres was away; the signal's reason once it aborts */
  async write<T>(work: () => Promise<T>, stop: AbortSignal): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      stop.throwIfAborted();
      try {
        return await work();
      } catch (error) {
        if (!isConnectionError(error) && !REPEATABLE_STATES.has(sqlState(error) ?? '')) throw error;
        await this.pause(failures, error, stop);
      }
    }
  }

  /** Insists whatever is thrown: for the last statement of a turn, without which the chat would be dead. Never rejects. */
  async untilDone<T>(work: () => Promise<T>, stop: AbortSignal): Promise<T | 'stopped'> {
    for (let failures = 1; !stop.aborted; failures += 1) {
      try {
        return await work();
      } catch (error) {
        await this.pause(failures, error, stop).catch(() => undefined);
      }
    }
    return 'stopped';
  }

  private async pause(failures: number, error: unknown, stop: AbortSignal): Promise<void> {
    this.options.onPause(error);
    const nominalMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10), MAX_PAUSE_MS);
    const ms = nominalMs * (0.75 + this.options.random() / 2);
    await this.options.clock.sleep(ms, { name: 'database pause', signal: stop });
  }
}
