/**
 * Refreshes claimed rows: the one pipeline behind the tick, the jobs and `GET /chats/{chat}/diff`.
 *
 * Rows are grouped by account; tokens are resolved once an account, one after another (cheap), then rows ask their host in
 * parallel, at most ten at a time in this process. Every row ends in exactly one outcome, written under its claim; one bad row
 * fails nobody else. Whatever is not finished when the signal aborts is given back.
 */
import type { Bus } from '@parley/bus';
import type { Clock } from '@parley/contracts';
import type { Database } from '@parley/database';
import { parseRemoteOrigin, releaseClaims, type Claim } from '@parley/diff-status';
import type { GitsyncMetrics } from '../metrics';
import type { GitProvider } from '../provider/git-provider';
import type { GitProviders } from '../provider/git-providers';
import type { Account } from '../tokens/account';
import type { AccountTokens } from '../tokens/account-tokens';
import { Outcomes } from './outcomes';
import { RowRefresh } from './row-refresh';
import type { RefreshResult } from './refresh-result';
import { Slots } from './slots';

export const MAX_PARALLEL_CALLS = 10;

export interface GitsyncLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface RefresherOptions {
  readonly database: Database;
  readonly bus: Bus;
  readonly providers: GitProviders;
  readonly tokens: AccountTokens;
  readonly clock: Clock;
  readonly logger: GitsyncLogger;
  readonly metrics: GitsyncMetrics;
}

export type DiffResult = 'stored' | 'not_found' | 'too_large' | 'failed';

export interface Refreshed {
  readonly claim: Claim;
  readonly result: RefreshResult;
  /** It was marked while it was refreshed: refresh it again. */
  readonly isDue: boolean;
  /** When the host may be asked again, for rate limits. */
  readonly retryAt: number | null;
  /** Null when no diff was asked for, or the status could not be read. */
  readonly diff: DiffResult | null;
}

interface AccountOfProvider {
  readonly provider: GitProvider;
  readonly account: Account;
}

export class Refresher {
  private readonly slots = new Slots(MAX_PARALLEL_CALLS);
  private readonly outcomes: Outcomes;
  private readonly rows: RowRefresh;

  constructor(private readonly options: RefresherOptions) {
    this.outcomes = new Outcomes(options);
    this.rows = new RowRefresh(options, this.outcomes);
  }

  /** In the order of `claims`. `withDiff`: also reads and stores the diff. @throws when Postgres is away */
  async refresh(
    claims: readonly Claim[],
    { signal, withDiff = false }: { signal: AbortSignal; withDiff?: boolean },
  ): Promise<Refreshed[]> {
    const accounts = new Map<string, AccountOfProvider>();
    for (const claim of claims) await this.resolve(claim, accounts, signal);
    const settled = await Promise.allSettled(
      claims.map((claim) =>
        this.slots.run(() =>
          this.rows.refresh({ claim, ...accounts.get(accountKey(claim)), signal, withDiff }),
        ),
      ),
    );
    const refreshed = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    await this.giveBack(refreshed.filter(({ result }) => result === 'released'));
    for (const { result } of refreshed) this.options.metrics.refreshed(result);
    const failure = settled.find((each) => each.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
    return refreshed;
  }

  private async resolve(
    claim: Claim,
    accounts: Map<string, AccountOfProvider>,
    signal: AbortSignal,
  ): Promise<void> {
    const key = accountKey(claim);
    if (accounts.has(key)) return;
    const host = parseRemoteOrigin(claim.row.git_remote_origin)?.host ?? '';
    const provider = this.options.providers.ofHost(host);
    if (provider === null) return;
    const account = await this.options.tokens.resolve(claim.ownerId, provider, signal);
    accounts.set(key, { provider, account });
  }

  private async giveBack(released: readonly Refreshed[]): Promise<void> {
    if (released.length === 0) return;
    const { database, clock } = this.options;
    await releaseClaims(database, { claims: released.map(({ claim }) => claim), now: new Date(clock.now()) });
  }
}

const accountKey = ({ ownerId, row }: Claim): string =>
  `${ownerId} ${parseRemoteOrigin(row.git_remote_origin)?.host ?? ''}`;
