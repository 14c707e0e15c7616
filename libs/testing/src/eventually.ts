import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';

export interface EventuallyOptions {
  /** Default 8000. Counted in the pauses between looks. */
  timeoutMs?: number;
}

const eagerTurns = 10;
const longestPauseMs = 50;

/**
 * Calls `check` until it neither throws nor gives false, and returns what it gave. For what happens soon but not at a
 * moment a test can wait for: first by turns of the event loop, then with short pauses. After `timeoutMs` it throws what
 * `check` threw last. Each pause counts for as long as was asked for, however long it took: a machine that stands still
 * for seconds, or runs at a quarter of its speed, uses up none of a test's patience.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 8_000 }: EventuallyOptions = {},
): Promise<Exclude<T, false>> {
  let pausedMs = 0;
  for (let attempt = 0, pauseMs = 1; ; attempt += 1) {
    let failure: unknown = new Error(`Still false after ${timeoutMs} ms.`);
    try {
      const result = await check();
      if (result !== false) return result as Exclude<T, false>;
    } catch (error) {
      failure = error;
    }
    if (pausedMs >= timeoutMs) throw failure;
    if (attempt < eagerTurns) {
      await turn();
    } else {
      await delay(pauseMs);
      pausedMs += pauseMs;
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    }
  }
}
