/**
 * How long callers wait for a connection. The pool tells nobody, so its `connect` is measured, which `pool.query` goes through as well.
 */
import type { Pool, PoolClient } from 'pg';

type OnClient = (error: Error | undefined, client: PoolClient | undefined, release: () => void) => void;

export function measurePoolWaits(pool: Pool, listener: (waitedMs: number) => void): void {
  const original = pool.connect.bind(pool);
  const connect = (onClient?: OnClient): Promise<PoolClient> | void => {
    const askedAt = performance.now();
    const done = (): void => listener(performance.now() - askedAt);
    if (onClient !== undefined)
      return original((error, client, release) => {
        done();
        onClient(error, client, release);
      });
    return original().finally(done);
  };
  // Its two overloads, as one function.
  pool.connect = connect as typeof pool.connect;
}
