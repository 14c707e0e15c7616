/**
 * Limits on what a user may spend in a day, a week or a month: the door that every new turn goes through.
 *
 * Promises: a turn is refused once the limit of its user is reached, and concurrent turns go beyond it by at most one (see
 * reserve.ts for what that rests on). While limits are off, a turn costs no statement: whether they are on, and the limit
 * of a user, are remembered for a minute, and forgotten when the bus says that they changed. When the look-up fails the turn is
 * let through with a warning: a fault in accounting must not stop all chats. Turns under way are never stopped.
 */
import { randomUUID } from 'node:crypto';
import type { UsageLimitStatus } from '@parley/contracts';
import { Remembered, type Database } from '@parley/database';
import { UsageLimitExceededError } from '../errors';
import { periodAt } from '../period';
import { readAreLimitsOn, readEffectiveLimit, type EffectiveLimit } from './effective-limit';
import { readSpent, release, reserve } from './reserve';

const TTL_MS = 60_000;
const MAX_USERS = 20_000;

export interface UsageLimitsOptions {
  readonly database: Database;
  readonly logger: { warn(fields: object, message: string): void };
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface TurnRequest {
  /** Who pays: the owner of the chat. */
  readonly userId: string;
  /** The turn takes the place of what this chat does and has queued (an edit). */
  readonly replacesChatId?: string;
  /** The turn belongs to one that is under way in the tree of this root (a subagent). */
  readonly rootChatId?: string;
  /** The message has waited in a queue, and counted there. */
  readonly isQueued?: boolean;
}

export class UsageLimits {
  private readonly database: Database;
  private readonly now: () => number;
  private readonly areOn: Remembered<boolean>;
  private readonly limits: Remembered<EffectiveLimit | null>;

  constructor(private readonly options: UsageLimitsOptions) {
    const { database, now = Date.now } = options;
    this.database = database;
    this.now = now;
    this.areOn = new Remembered({ read: () => readAreLimitsOn(database), ttlMs: TTL_MS, maxEntries: 1, now });
    const read = (userId: string) => readEffectiveLimit(database, userId);
    this.limits = new Remembered({ read, ttlMs: TTL_MS, maxEntries: MAX_USERS, now });
  }

  /**
   * Runs `begin`, which begins a turn, if the user may. The turn is reserved until `begin` has returned: from then on the chat
   * itself counts. @throws UsageLimitExceededError; what `begin` throws
   */
  async within<T>(turn: TurnRequest, begin: () => Promise<T>): Promise<T> {
    const reservationId = await this.admit(turn);
    if (reservationId === null) return begin();
    try {
      return await begin();
    } finally {
      await release(this.database, { reservationId, userId: turn.userId }).catch((error: unknown) =>
        this.warn(error, turn, 'A reservation was not released: it ends by itself'),
      );
    }
  }

  /** Where a user stands. @throws the driver's error */
  async status(userId: string): Promise<UsageLimitStatus> {
    const limit = await readEffectiveLimit(this.database, userId);
    if (limit === null) return { is_limited: false, current_spend: 0 };
    const { start, end } = periodAt(limit.period, this.now());
    const { organizationId } = limit;
    return {
      is_limited: true,
      period: limit.period,
      spend_limit_micros: limit.limitMicros,
      current_spend: await readSpent(this.database, { userId, periodStart: start, organizationId }),
      period_start: start.toISOString(),
      period_end: end.toISOString(),
    };
  }

  /** Call it on `config.usage_limits.changed`, and when the bus was away. */
  invalidate(): void {
    this.areOn.forget();
    this.limits.forget();
  }

  /** The id of the reservation; null when nobody limits this user, or nobody can tell. */
  private async admit(turn: TurnRequest): Promise<string | null> {
    try {
      const limit = (await this.areOn.get('')) ? await this.limits.get(turn.userId) : null;
      return limit === null ? null : await this.reserve(turn, limit);
    } catch (error) {
      if (error instanceof UsageLimitExceededError) throw error;
      this.warn(error, turn, 'A usage limit could not be checked: the turn is let through');
      return null;
    }
  }

  private async reserve(turn: TurnRequest, limit: EffectiveLimit): Promise<string> {
    const { limitMicros, organizationId } = limit;
    const { start, end } = periodAt(limit.period, this.now());
    const reservationId = randomUUID();
    const { refusal, spentMicros } = await reserve(this.database, {
      reservationId,
      userId: turn.userId,
      limitMicros,
      organizationId,
      periodStart: start,
      replacesChatId: turn.replacesChatId,
      rootChatId: turn.rootChatId,
      isQueued: turn.isQueued === true,
    });
    if (refusal === null) return reservationId;
    throw new UsageLimitExceededError({
      spentMicros,
      limitMicros,
      resetsAt: end,
      isBusy: refusal === 'busy',
    });
  }

  private warn(error: unknown, { userId }: TurnRequest, message: string): void {
    this.options.logger.warn({ err: error, user_id: userId }, message);
  }
}
