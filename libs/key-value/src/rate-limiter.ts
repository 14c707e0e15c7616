/**
 * How often something may happen: fixed windows counted in the shared store, so that the limit holds over all replicas. When the
 * store is away everything is allowed: a limit protects the service, it must not become its weakest part.
 */
import { KeyValueUnavailableError } from './errors';
import type { KeyValue, KeyValueLogger } from './key-value';

export interface RateLimit {
  /** How many within a window. */
  readonly limit: number;
  readonly windowMs: number;
}

export interface RateDecision {
  readonly allowed: boolean;
  /** How many more are allowed until the reset. */
  readonly remaining: number;
  /** When the next window begins, in ms since 1970. */
  readonly resetAtMs: number;
}

export interface RateLimiterOptions {
  readonly store: KeyValue;
  readonly clock?: { now(): number };
  readonly logger?: KeyValueLogger;
}

export class RateLimiter {
  private wasAway = false;

  constructor(private readonly options: RateLimiterOptions) {}

  /** Counts one more under `key` and says whether it may happen. Never throws for a store that is away. */
  async allow(key: string, { limit, windowMs }: RateLimit): Promise<RateDecision> {
    const window = Math.floor((this.options.clock ?? Date).now() / windowMs);
    const resetAtMs = (window + 1) * windowMs;
    try {
      const count = await this.options.store.increment(`rate:${key}:${windowMs}:${window}`, {
        ttlMs: windowMs,
      });
      this.wasAway = false;
      return { allowed: count <= limit, remaining: Math.max(0, limit - count), resetAtMs };
    } catch (error) {
      if (!(error instanceof KeyValueUnavailableError)) throw error;
      if (!this.wasAway)
        this.options.logger?.warn({ err: error }, 'Rate limits do not hold while their store is away');
      this.wasAway = true;
      return { allowed: true, remaining: limit, resetAtMs };
    }
  }
}
