/**
 * Finds the token for a user's account at a host, and exchanges it in time.
 *
 * An exchange happens well before the token expires, jittered so that replicas do not all want it at once, and by one of them: the
 * others go on with the old token while it lasts. No lock or connection is held while the host answers. A refused token is left
 * alone for ten minutes, then tried once more.
 */
import type { Clock } from '@parley/contracts';
import type { Database } from '@parley/database';
import {
  claimTokenRefresh,
  readToken,
  rejectToken,
  releaseTokenRefresh,
  storeRefreshedToken,
  type LinkedToken,
  type LinkKey,
  type TokenSealer,
} from '@parley/diff-status';
import type { GitsyncMetrics } from '../metrics';
import { TokenRejectedError } from '../provider/errors';
import { CALL_TIMEOUT_MS, type GitProvider } from '../provider/git-provider';
import { NO_TOKEN_RETRY_MS } from '../refresh/refresh-result';
import { Account } from './account';

const EXCHANGE_EARLY_MS = 10 * 60_000;
const EXCHANGE_JITTER_MS = 5 * 60_000;
/** Longer than the call can take. */
const EXCHANGE_CLAIM_MS = 2 * CALL_TIMEOUT_MS;
/** A token is not used in its last moments. */
const MIN_VALIDITY_MS = 30_000;

export interface AccountTokensOptions {
  readonly database: Database;
  readonly sealer: TokenSealer;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly createId: () => string;
  readonly logger: { warn(fields: object, message: string): void };
  readonly metrics: GitsyncMetrics;
}

export class AccountTokens {
  constructor(private readonly options: AccountTokensOptions) {}

  /** Never throws for what is wrong with the token; the account then says so. */
  async resolve(userId: string, provider: GitProvider, signal: AbortSignal): Promise<Account> {
    const { database, sealer, clock, logger } = this.options;
    const key: LinkKey = { userId, providerOrigin: provider.origin };
    let token: LinkedToken | null;
    try {
      token = await readToken(database, { key, sealer });
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      logger.warn({ err: error, user_id: userId, provider: provider.origin }, 'A linked token does not open');
      return Account.blocked(key, { result: 'no_token', until: null });
    }
    const now = clock.now();
    if (token === null) return Account.blocked(key, { result: 'no_token', until: null });
    if (token.rateLimitedUntil !== null && token.rateLimitedUntil.getTime() > now) {
      return Account.blocked(key, { result: 'rate_limited', until: token.rateLimitedUntil.getTime() });
    }
    const retryRejectedAt = token.rejectedAt === null ? 0 : token.rejectedAt.getTime() + NO_TOKEN_RETRY_MS;
    if (retryRejectedAt > now)
      return Account.blocked(key, { result: 'token_rejected', until: retryRejectedAt });
    if (token.refreshToken !== null && this.needsExchange(token, now)) {
      return this.exchange({ key, token, refreshToken: token.refreshToken, provider, signal });
    }
    return ready(key, token);
  }

  private needsExchange(token: LinkedToken, now: number): boolean {
    if (token.rejectedAt !== null) return true;
    const earlyMs = EXCHANGE_EARLY_MS + this.options.random() * EXCHANGE_JITTER_MS;
    return token.expiresAt !== null && token.expiresAt.getTime() - earlyMs <= now;
  }

  private async exchange(asked: {
    key: LinkKey;
    token: LinkedToken;
    refreshToken: string;
    provider: GitProvider;
    signal: AbortSignal;
  }): Promise<Account> {
    const { key, token, refreshToken, provider, signal } = asked;
    const { database, sealer, clock, createId, metrics } = this.options;
    const claimId = createId();
    const now = clock.now();
    const until = new Date(now + EXCHANGE_CLAIM_MS);
    const claim = { key, version: token.version, claimId, now: new Date(now), until };
    if (!(await claimTokenRefresh(database, claim))) return this.withOld(asked);
    try {
      const pair = await provider.exchangeToken(refreshToken, signal);
      const version = await storeRefreshedToken(database, { key, claimId, pair, sealer });
      metrics.tokenExchanged(version === null ? 'lost' : 'stored');
      if (version === null) return Account.blocked(key, { result: 'token_busy', until: null });
      return Account.ready(key, { accessToken: pair.accessToken, version, wasRejected: false });
    } catch (error) {
      await releaseTokenRefresh(database, { key, claimId });
      return this.afterFailure(asked, error);
    }
  }

  /** A failed exchange harms nobody while the old token lasts. */
  private async afterFailure(
    { key, token, provider }: { key: LinkKey; token: LinkedToken; provider: GitProvider },
    error: unknown,
  ): Promise<Account> {
    const { database, clock, logger, metrics } = this.options;
    const isRejected = error instanceof TokenRejectedError;
    metrics.tokenExchanged(isRejected ? 'rejected' : 'failed');
    logger.warn(
      { err: error, user_id: key.userId, provider: provider.origin },
      'A token could not be exchanged',
    );
    const now = clock.now();
    if (isUsable(token, now)) return ready(key, token);
    if (!isRejected) return Account.blocked(key, { result: 'failed', until: null });
    await rejectToken(database, { key, version: token.version, now: new Date(now) });
    return Account.blocked(key, { result: 'token_rejected', until: now + NO_TOKEN_RETRY_MS });
  }

  private withOld({ key, token }: { key: LinkKey; token: LinkedToken }): Account {
    if (isUsable(token, this.options.clock.now())) return ready(key, token);
    return Account.blocked(key, { result: 'token_busy', until: null });
  }
}

function ready(key: LinkKey, { accessToken, version, rejectedAt }: LinkedToken): Account {
  return Account.ready(key, { accessToken, version, wasRejected: rejectedAt !== null });
}

function isUsable(token: LinkedToken, now: number): boolean {
  if (token.rejectedAt !== null) return false;
  return token.expiresAt === null || token.expiresAt.getTime() - MIN_VALIDITY_MS > now;
}

const isUnreadable = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'secret_unreadable';
