/**
 * One notification to all browsers of a user, side by side; one that fails keeps nobody else from theirs.
 *
 * A browser that unsubscribed is removed whatever happens to its siblings. With a job id each browser gets it once, however often
 * the job comes back. Right before a push the list it came from must still be valid: when a subscription was removed meanwhile,
 * on whichever replica, the list is read again.
 */
import { pushJobId, type PushTurnFinished } from '@parley/contracts';
import type { VapidKeyPair, VapidKeys } from '../keys/vapid-keys';
import type { WebpushMetrics } from '../metrics';
import type { Notification } from '../push/notification';
import type { PushOutcome, PushSender } from '../push/push-sender';
import type { SubscriptionBook } from '../subscriptions/subscription-book';
import type { SubscriptionList } from '../subscriptions/subscription-cache';
import type { StoredSubscription } from '../subscriptions/subscription-store';
import type { DeliveryLog } from './delivery-log';

export interface NotifierLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface NotifierOptions {
  readonly book: SubscriptionBook;
  readonly keys: VapidKeys;
  readonly sender: PushSender;
  readonly deliveries: DeliveryLog;
  readonly metrics: WebpushMetrics;
  readonly logger: NotifierLogger;
}

export interface Notice {
  readonly userId: string;
  readonly notification: Notification;
  /** Without one nothing is remembered, and every call sends. */
  readonly job?: PushTurnFinished;
}

export type NoticeOutcome = PushOutcome | { readonly type: 'sent_before' };

interface Delivery extends Notice {
  readonly list: SubscriptionList;
  readonly subscription: StoredSubscription;
}

/** Subscriptions that change faster than that are tried again with the job. */
const MAX_ROUNDS = 5;

export class Notifier {
  constructor(private readonly options: NotifierOptions) {}

  /** What came of each browser. Rejects when Postgres does, or the signal aborts. */
  async notify(notice: Notice, signal: AbortSignal): Promise<NoticeOutcome[]> {
    const outcomes = new Map<string, NoticeOutcome>();
    for (let round = 1; ; round += 1) {
      const list = await this.options.book.ofUser(notice.userId);
      const open = list.subscriptions.filter(({ id }) => !outcomes.has(id));
      const deliveries = open.map(async (subscription) => {
        const outcome = await this.deliver({ ...notice, list, subscription }, signal);
        if (outcome !== 'outdated') outcomes.set(subscription.id, outcome);
        return outcome;
      });
      const hasOutdated = (await all(deliveries)).includes('outdated');
      if (!hasOutdated) return [...outcomes.values()];
      if (round === MAX_ROUNDS) return [...outcomes.values(), restless];
    }
  }

  private async deliver(delivery: Delivery, signal: AbortSignal): Promise<NoticeOutcome | 'outdated'> {
    const { job, subscription } = delivery;
    const { deliveries } = this.options;
    if (job === undefined) return this.push(delivery, signal);
    const key = { jobId: pushJobId(job), subscriptionId: subscription.id };
    const claim = await deliveries.claim(key);
    if (claim === 'sent') return { type: 'sent_before' };
    if (claim === 'busy')
      return { type: 'later', afterMs: deliveries.claimMs, reason: 'another replica is sending it' };
    let wasSent = false;
    try {
      const outcome = await this.push(delivery, signal);
      wasSent = outcome !== 'outdated' && outcome.type === 'sent';
      return outcome;
    } finally {
      await (wasSent ? deliveries.markSent(key) : deliveries.release(key));
    }
  }

  private async push(delivery: Delivery, signal: AbortSignal): Promise<PushOutcome | 'outdated'> {
    const { userId, subscription, notification, list } = delivery;
    const { book, sender, metrics, logger } = this.options;
    const keys = await this.keysOf(subscription);
    if (keys === null) book.invalidate(userId);
    if (keys === null || list.isOutdated) return 'outdated';
    const outcome = await sender.send({ target: subscription, notification, keys }, signal);
    metrics.pushed(outcome.type);
    const about = { user_id: userId, host: new URL(subscription.endpoint).host };
    if (outcome.type === 'gone') await this.remove(delivery, about);
    // The endpoint itself is a capability, and what is said in it is the user's: neither is logged.
    else if (outcome.type !== 'sent')
      logger.warn({ ...about, outcome: outcome.type, reason: outcome.reason }, 'A push failed');
    return outcome;
  }

  /** Null when the subscription was made with a key that is no more: the row is gone with it. */
  private async keysOf({ vapidPublicKey }: StoredSubscription): Promise<VapidKeyPair | null> {
    const { keys } = this.options;
    const known = await keys.current();
    if (known.publicKey === vapidPublicKey) return known;
    keys.invalidate();
    const present = await keys.current();
    return present.publicKey === vapidPublicKey ? present : null;
  }

  private async remove({ userId, subscription }: Delivery, about: object): Promise<void> {
    const { book, logger } = this.options;
    try {
      await book.removeGone(userId, subscription);
      logger.info(about, 'Removed a subscription that its push service does not know any more');
    } catch (error) {
      // The next push finds it gone again.
      logger.warn({ ...about, err: error }, 'Could not remove a subscription');
    }
  }
}

const restless: PushOutcome = { type: 'later', afterMs: undefined, reason: 'subscriptions keep changing' };

/** Waits for all of them also when one fails, so that none goes on alone. */
async function all<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
