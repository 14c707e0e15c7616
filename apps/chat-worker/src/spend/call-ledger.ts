/**
 * Records calls that stored no message, before whatever follows on them: a retry, the end of an interrupted turn. So a limit that
 * is checked when the turn has ended knows all of it. It never rejects: an entry that cannot be written is in the log.
 */
import type { Database } from '@parley/database';
import { recordModelCall, type CallOutcome } from '@parley/spend';
import type { Persistence } from '../persistence';
import type { ModelCall } from './model-call';

export interface CallLedgerOptions {
  readonly database: Database;
  readonly persistence: Persistence;
  readonly logger: { error(fields: object, message: string): void };
}

export class CallLedger {
  constructor(private readonly options: CallLedgerOptions) {}

  /**
   * @param outcome how it ended, unless it had come to its end
   * @param stop while it has not aborted, Postgres is insisted on; afterwards it is tried once
   */
  async record(call: ModelCall, outcome: CallOutcome, stop: AbortSignal): Promise<void> {
    if (!call.hasBegun) return;
    const entry = call.asEntry(outcome);
    const write = (): Promise<boolean> => recordModelCall(this.options.database, entry);
    try {
      await this.options.persistence.write(write, stop).catch((error: unknown) => {
        if (stop.aborted) return write();
        throw error;
      });
    } catch (error) {
      this.options.logger.error({ err: error, entry }, 'A call of a model could not be recorded');
    }
  }
}
