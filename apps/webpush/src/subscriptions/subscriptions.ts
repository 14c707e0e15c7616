/**
 * Browsers come and go: what the gateway asks for on behalf of a user.
 *
 * A subscription is stored only after its push service took a notification for it, so that what is stored works. How often one
 * user may have us call out is limited, over all replicas.
 */
import type {
  WebpushSubscribe,
  WebpushSubscribeReply,
  WebpushTestReply,
  WebpushUnsubscribe,
} from '@parley/contracts';
import type { RateLimiter } from '@parley/key-value';
import type { Notifier } from '../dispatch/notifier';
import { canonicalEndpoint, checkSubscription, type EndpointRules } from '../endpoint/endpoint-rules';
import type { VapidKeys } from '../keys/vapid-keys';
import { TEST_NOTIFICATION } from '../push/notification';
import type { PushOutcome, PushSender } from '../push/push-sender';
import type { SubscriptionBook } from './subscription-book';

export interface SubscriptionsOptions {
  readonly book: SubscriptionBook;
  readonly keys: VapidKeys;
  readonly sender: PushSender;
  readonly notifier: Notifier;
  readonly rules: EndpointRules;
  readonly limiter: RateLimiter;
  /** Aborts what is under way. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

type TooMany = { readonly result: 'too_many'; readonly retry_after_ms: number };

const CALLS_PER_MINUTE = 30;
const MINUTE_MS = 60_000;

export class Subscriptions {
  constructor(private readonly options: SubscriptionsOptions) {}

  /** Throws what Postgres throws. */
  async subscribe(request: WebpushSubscribe): Promise<WebpushSubscribeReply> {
    const { keys, sender, book, rules, signal } = this.options;
    const checked = checkSubscription(request, rules);
    if ('field' in checked) return { result: 'invalid', ...checked };
    const limited = await this.limit(request.user_id);
    if (limited !== null) return limited;
    const pair = await keys.current();
    const outcome = await sender.send(
      { target: checked, notification: TEST_NOTIFICATION, keys: pair },
      signal,
    );
    if (outcome.type !== 'sent') return refusalOf(outcome);
    const isStored = await book.add(request.user_id, { ...checked, vapidPublicKey: pair.publicKey });
    if (isStored) return { result: 'stored' };
    keys.invalidate();
    return { result: 'key_changed' };
  }

  /** False when the user has no such subscription. Throws what Postgres throws. */
  async unsubscribe({ user_id: userId, endpoint }: WebpushUnsubscribe): Promise<boolean> {
    return this.options.book.remove(userId, canonicalEndpoint(endpoint) ?? endpoint);
  }

  /** Sends the test notification to every browser of the user. */
  async test(userId: string): Promise<WebpushTestReply> {
    const limited = await this.limit(userId);
    if (limited !== null) return limited;
    const { notifier, signal } = this.options;
    const outcomes = await notifier.notify({ userId, notification: TEST_NOTIFICATION }, signal);
    const sent = outcomes.filter(({ type }) => type === 'sent').length;
    const gone = outcomes.filter(({ type }) => type === 'gone').length;
    return { result: 'done', sent, failed: outcomes.length - sent - gone };
  }

  private async limit(userId: string): Promise<TooMany | null> {
    const { limiter, now } = this.options;
    const limit = { limit: CALLS_PER_MINUTE, windowMs: MINUTE_MS };
    const decision = await limiter.allow(`webpush:${userId}`, limit);
    if (decision.allowed) return null;
    return { result: 'too_many', retry_after_ms: Math.max(0, decision.resetAtMs - now()) };
  }
}

/** What it says about a host inside is what the rules say about an address: nothing about what is there. */
function refusalOf(outcome: Exclude<PushOutcome, { type: 'sent' }>): WebpushSubscribeReply {
  switch (outcome.type) {
    case 'gone':
      return { result: 'push_failed', detail: 'The push service does not know this subscription.' };
    case 'later':
      return { result: 'push_failed', detail: 'The push service could not be reached, or is busy.' };
    case 'refused':
      if (outcome.isAddressRefused)
        return { result: 'invalid', field: 'endpoint', detail: 'must be on a public host' };
      return { result: 'push_failed', detail: 'The push service refused the test notification.' };
  }
}
