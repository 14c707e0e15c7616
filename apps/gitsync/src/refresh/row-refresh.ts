/** Refreshes one claimed row: asks the host, and turns whatever it says into one outcome. */
import type { Clock } from '@parley/contracts';
import type { Database } from '@parley/database';
import { storeDiff, type Claim, type PullRequest } from '@parley/diff-status';
import { DiffTooLargeError, NotFoundError, RateLimitedError, TokenRejectedError } from '../provider/errors';
import type { GitProvider } from '../provider/git-provider';
import type { Account } from '../tokens/account';
import type { Outcomes, Written } from './outcomes';
import { readDiffText, readStatus, type StatusQuestion } from './read-status';
import type { DiffResult, GitsyncLogger, Refreshed } from './refresher';

export interface RowToRefresh {
  readonly claim: Claim;
  /** Absent when no provider is configured for the remote's host. */
  readonly provider?: GitProvider;
  readonly account?: Account;
  readonly signal: AbortSignal;
  readonly withDiff: boolean;
}

interface AskableRow extends RowToRefresh {
  readonly provider: GitProvider;
  readonly account: Account;
}

export class RowRefresh {
  constructor(
    private readonly options: { database: Database; clock: Clock; logger: GitsyncLogger },
    private readonly outcomes: Outcomes,
  ) {}

  /** Runs in a slot: what became known while the row waited for it counts. @throws when Postgres is away */
  async refresh(row: RowToRefresh): Promise<Refreshed> {
    const { claim, provider, account, signal } = row;
    const done = (written: Written, diff: DiffResult | null = null): Refreshed => ({
      claim,
      diff,
      ...written,
    });
    if (signal.aborted) return done(RELEASED);
    if (provider === undefined || account === undefined) {
      return done(await this.outcomes.failure(claim, 'unknown_provider'));
    }
    if (account.obstacle !== null) return done(await this.outcomes.obstacle(claim, account.obstacle));
    return this.ask({ ...row, provider, account }, done);
  }

  private async ask(
    row: AskableRow,
    done: (written: Written, diff?: DiffResult | null) => Refreshed,
  ): Promise<Refreshed> {
    const { claim, provider, account, signal, withDiff } = row;
    const { database, clock } = this.options;
    const context = { accessToken: account.accessToken, signal };
    const question: StatusQuestion = { provider, row: claim.row, context, now: clock.now() };
    let pullRequest: PullRequest | null;
    let diff: DiffResult | null;
    try {
      pullRequest = await readStatus(question);
      // Before the outcome, which gives up the claim: nobody else reads this diff meanwhile.
      diff = withDiff ? await this.readDiff(question, pullRequest) : null;
    } catch (error) {
      return done(await this.refused(row, error));
    }
    await account.worked(database);
    const { outcomes } = this;
    return done(
      await (pullRequest === null ? outcomes.noPullRequest(claim) : outcomes.pullRequest(claim, pullRequest)),
      diff,
    );
  }

  private async refused({ claim, account, signal }: AskableRow, error: unknown): Promise<Written> {
    const { database, clock, logger } = this.options;
    if (signal.aborted) return RELEASED;
    if (error instanceof RateLimitedError) {
      return this.outcomes.obstacle(claim, await account.limited(database, error.retryAt));
    }
    if (error instanceof TokenRejectedError) {
      return this.outcomes.obstacle(claim, await account.rejected(database, clock.now()));
    }
    const { chat_id } = claim.row;
    if (error instanceof NotFoundError) {
      logger.debug({ chat_id }, 'The host does not know the repository of a chat');
      return this.outcomes.failure(claim, 'not_found');
    }
    logger.warn({ err: error, chat_id }, 'The status of a chat could not be refreshed');
    return this.outcomes.failure(claim, 'failed');
  }

  /** A diff that cannot be had does not keep the status from being recorded. @throws what concerns the account, or an abort */
  private async readDiff(question: StatusQuestion, pullRequest: PullRequest | null): Promise<DiffResult> {
    const { database, clock, logger } = this.options;
    const { provider, row } = question;
    let diff: string;
    try {
      diff = await readDiffText(question, pullRequest);
    } catch (error) {
      const isOfAccount = error instanceof RateLimitedError || error instanceof TokenRejectedError;
      if (isOfAccount || question.context.signal.aborted) throw error;
      if (error instanceof NotFoundError) return 'not_found';
      if (error instanceof DiffTooLargeError) return 'too_large';
      logger.warn({ err: error, chat_id: row.chat_id }, 'The diff of a chat could not be read');
      return 'failed';
    }
    await storeDiff(database, {
      chatId: row.chat_id,
      branch: row.git_branch,
      remoteOrigin: row.git_remote_origin,
      pullRequestUrl: pullRequest?.url ?? null,
      provider: provider.name,
      diff,
      markVersion: row.mark_version,
      now: new Date(clock.now()),
    });
    return 'stored';
  }
}

const RELEASED: Written = { result: 'released', isDue: false, retryAt: null };
