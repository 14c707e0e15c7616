/** Whether a user looks at a chat right now: the relay that has the stream says so; when nobody does, nobody looks. */
import { NoResponderError, RequestTimeoutError, type Bus } from '@parley/bus';
import { subjects } from '@parley/contracts';

export interface Presence {
  /** Never rejects, but for the abort of the signal: in doubt nobody looks, and the user is told. */
  isWatching(viewer: { userId: string; chatId: string }, signal: AbortSignal): Promise<boolean>;
}

export interface BusPresenceOptions {
  readonly bus: Bus;
  readonly logger: { warn(fields: object, message: string): void };
}

const TIMEOUT_MS = 500;

export class BusPresence implements Presence {
  constructor(private readonly options: BusPresenceOptions) {}

  async isWatching(
    { userId, chatId }: { userId: string; chatId: string },
    signal: AbortSignal,
  ): Promise<boolean> {
    const { bus, logger } = this.options;
    try {
      const question = { timeoutMs: TIMEOUT_MS, signal };
      return (await bus.request(subjects.presence(userId, chatId), {}, question)).is_watching;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof NoResponderError || error instanceof RequestTimeoutError))
        logger.warn({ err: error, chat_id: chatId }, 'Could not ask who looks at a chat');
      return false;
    }
  }
}
