/**
 * Time as a parameter. Worker loops sleep by name, so that a test holds a fake clock, waits until the loop it means sleeps,
 * and moves time on by hand.
 */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`. Rejects with the signal's reason when it aborts, also when it already has. */
  sleep(ms: number, options: { name: string; signal?: AbortSignal | undefined }): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  // By hand: the timer that Node has for this makes an error with a stack of its own for each sleep that is cut short.
  sleep(ms, { signal }) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};
