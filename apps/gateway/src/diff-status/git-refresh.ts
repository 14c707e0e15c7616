/**
 * The gateway's side of gitsync: asks it to look at once, and to read a diff. gitsync may be away: what was marked in Postgres is then
 * refreshed when it is back, and a diff is answered as it was last read.
 */
import { NoResponderError, RequestTimeoutError, type Bus } from '@parley/bus';
import { subjects, type GitDiffReply } from '@parley/contracts';
import type { GatewayLogger } from '../dependencies';

/** Longer than gitsync waits for a refresh under way and then for its calls. */
const DIFF_TIMEOUT_MS = 25_000;

export class GitRefresh {
  constructor(
    private readonly bus: Bus,
    private readonly logger: GatewayLogger,
  ) {}

  /** Asks for a refresh now instead of at the next tick. Never rejects: the mark itself is what counts. */
  async wake(marked: { chatId: string; markVersion: number }): Promise<void> {
    const { chatId, markVersion } = marked;
    try {
      const queue = this.bus.workQueue(subjects.gitRefreshRequested());
      await queue.add({ chat_id: chatId }, { messageId: `${chatId}.${markVersion}` });
    } catch (error) {
      this.logger.debug({ err: error, chat_id: chatId }, 'gitsync was not woken');
    }
  }

  /** Refreshes status and diff, and waits for it. Null when no gitsync answers. */
  async refreshDiff(chatId: string): Promise<GitDiffReply | null> {
    try {
      return await this.bus.request(subjects.gitDiff(), { chat_id: chatId }, { timeoutMs: DIFF_TIMEOUT_MS });
    } catch (error) {
      if (error instanceof NoResponderError || error instanceof RequestTimeoutError) return null;
      throw error;
    }
  }
}
