/** Writes how a refresh ended, and tells the owner's watchers when something visible changed. */
import { isDeepStrictEqual } from 'node:util';
import type { Bus } from '@parley/bus';
import { readClientChat } from '@parley/chat-state';
import type { Clock } from '@parley/contracts';
import type { Database } from '@parley/database';
import {
  backOff,
  clearPullRequest,
  holdOff,
  publishDiffStatusChange,
  recordPullRequest,
  storedPullRequest,
  type Claim,
  type PullRequest,
  type Recorded,
} from '@parley/diff-status';
import type { Obstacle } from '../tokens/account';
import { freshMs, noPullRequestMs, retryMs, type RefreshResult } from './refresh-result';
import type { GitsyncLogger } from './refresher';

export interface OutcomesOptions {
  readonly database: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly logger: GitsyncLogger;
}

/** A result as it was written: `lost` when the claim did not stand any more. */
export interface Written {
  readonly result: RefreshResult;
  readonly isDue: boolean;
  readonly retryAt: number | null;
}

export class Outcomes {
  constructor(private readonly options: OutcomesOptions) {}

  async pullRequest(claim: Claim, pullRequest: PullRequest): Promise<Written> {
    const { database } = this.options;
    const input = this.input(claim, freshMs(pullRequest.state));
    const recorded = await recordPullRequest(database, { ...input, pullRequest });
    const before = storedPullRequest(claim.row);
    const isChanged = claim.row.refreshed_at === null || !isDeepStrictEqual(before, pullRequest);
    if (recorded !== 'lost' && isChanged) await this.publish(claim);
    return written(recorded, 'pull_request');
  }

  /** The branch has no pull request: what was recorded of one is cleared. */
  async noPullRequest(claim: Claim): Promise<Written> {
    const { database, clock } = this.options;
    if (claim.row.url !== null) {
      const recorded = await clearPullRequest(database, this.input(claim, retryMs('cleared')));
      if (recorded !== 'lost') await this.publish(claim);
      return written(recorded, 'cleared');
    }
    const waitMs = noPullRequestMs({ markedAt: claim.row.marked_at, now: clock.now() });
    return written(await backOff(database, this.input(claim, waitMs)), 'no_pull_request');
  }

  async obstacle(claim: Claim, { result, until }: Obstacle): Promise<Written> {
    const { database, clock } = this.options;
    const waitMs = until === null ? retryMs(result) : Math.max(0, until - clock.now());
    const input = this.input(claim, waitMs);
    const isHeldOff = result === 'rate_limited';
    const recorded = await (isHeldOff ? holdOff(database, input) : backOff(database, input));
    return { ...written(recorded, result), retryAt: input.staleAt.getTime() };
  }

  async failure(claim: Claim, result: 'failed' | 'not_found' | 'unknown_provider'): Promise<Written> {
    return written(await backOff(this.options.database, this.input(claim, retryMs(result))), result);
  }

  private input(claim: Claim, waitMs: number): { claim: Claim; now: Date; staleAt: Date } {
    const now = this.options.clock.now();
    return { claim, now: new Date(now), staleAt: new Date(now + waitMs) };
  }

  /** A lost event is not worth failing a refresh that is committed. */
  private async publish({ row }: Claim): Promise<void> {
    const { database, logger } = this.options;
    try {
      const chat = await readClientChat(database, { chatId: row.chat_id });
      if (chat !== null) await publishDiffStatusChange(this.options, chat);
    } catch (error) {
      logger.debug({ err: error, chat_id: row.chat_id }, 'A diff status change was not published');
    }
  }
}

function written(recorded: Recorded, result: RefreshResult): Written {
  return { result: recorded === 'lost' ? 'lost' : result, isDue: recorded === 'due', retryAt: null };
}
