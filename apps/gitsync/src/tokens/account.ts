/**
 * One user's account at one host, for the length of a batch: the token, or why there is none to use.
 *
 * What one row learns (a limit, a refused token) holds for all rows of the account: those that have not asked yet do not, here
 * or, through the link, in any other process.
 */
import { acceptToken, limitToken, rejectToken, type LinkKey } from '@parley/diff-status';
import type { Database } from '@parley/database';
import { NO_TOKEN_RETRY_MS, RATE_LIMIT_PADDING_MS } from '../refresh/refresh-result';

export interface Obstacle {
  readonly result: 'no_token' | 'token_rejected' | 'token_busy' | 'rate_limited' | 'failed';
  /** Milliseconds since the epoch; null: the usual wait. */
  readonly until: number | null;
}

export interface UsableToken {
  readonly accessToken: string;
  readonly version: number;
  /** It was refused before, and is tried again. */
  readonly wasRejected: boolean;
}

export class Account {
  private isProven = false;

  private constructor(
    private readonly key: LinkKey,
    private readonly token: UsableToken | null,
    private obstacleNow: Obstacle | null,
  ) {}

  static ready(key: LinkKey, token: UsableToken): Account {
    return new Account(key, token, null);
  }

  static blocked(key: LinkKey, obstacle: Obstacle): Account {
    return new Account(key, null, obstacle);
  }

  /** Why not to ask; null: ask with `accessToken`. */
  get obstacle(): Obstacle | null {
    return this.obstacleNow;
  }

  get accessToken(): string {
    return this.token?.accessToken ?? '';
  }

  /** `retryAt`: by the host's word, in milliseconds since the epoch. */
  async limited(database: Database, retryAt: number): Promise<Obstacle> {
    const until = retryAt + RATE_LIMIT_PADDING_MS;
    this.obstacleNow = { result: 'rate_limited', until };
    if (this.token !== null) {
      await limitToken(database, { key: this.key, version: this.token.version, until: new Date(until) });
    }
    return this.obstacleNow;
  }

  async rejected(database: Database, now: number): Promise<Obstacle> {
    this.obstacleNow = { result: 'token_rejected', until: now + NO_TOKEN_RETRY_MS };
    if (this.token !== null) {
      await rejectToken(database, { key: this.key, version: this.token.version, now: new Date(now) });
    }
    return this.obstacleNow;
  }

  /** The host took the token. */
  async worked(database: Database): Promise<void> {
    if (this.isProven || this.token === null) return;
    this.isProven = true;
    if (this.token.wasRejected) await acceptToken(database, { key: this.key, version: this.token.version });
  }
}
