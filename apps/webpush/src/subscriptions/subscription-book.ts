/**
 * The subscriptions of all users, as one replica knows them: rows, the cache over them, and the word to the other replicas. Every
 * change forgets the user here at once, and elsewhere when the bus brings it.
 */
import type { Bus } from '@parley/bus';
import { subjects } from '@parley/contracts';
import type { BrowserSubscription } from '../endpoint/endpoint-rules';
import type { SubscriptionCache, SubscriptionList } from './subscription-cache';
import type { StoredSubscription, SubscriptionStore } from './subscription-store';

export interface SubscriptionBookOptions {
  readonly bus: Bus;
  readonly store: SubscriptionStore;
  readonly cache: SubscriptionCache;
}

export class SubscriptionBook {
  constructor(private readonly options: SubscriptionBookOptions) {}

  ofUser(userId: string): Promise<SubscriptionList> {
    return this.options.cache.get(userId);
  }

  /** False when the server key it was made with is not the present one any more. */
  async add(
    userId: string,
    subscription: BrowserSubscription & { readonly vapidPublicKey: string },
  ): Promise<boolean> {
    const stored = await this.options.store.insert(userId, subscription);
    if (stored === null) return false;
    for (const changed of [userId, ...stored.takenFrom]) this.announce(changed);
    return true;
  }

  /** False when there is none. */
  async remove(userId: string, endpoint: string): Promise<boolean> {
    const removed = await this.options.store.deleteByEndpoint(userId, endpoint);
    if (removed) this.announce(userId);
    return removed;
  }

  /** Its push service does not know it any more. */
  async removeGone(userId: string, subscription: StoredSubscription): Promise<void> {
    await this.options.store.deleteGone(subscription);
    this.announce(userId);
  }

  /** Somebody changed the subscriptions of a user, or of all. */
  invalidate(userId?: string): void {
    this.options.cache.invalidate(userId);
  }

  private announce(userId: string): void {
    this.invalidate(userId);
    this.options.bus.publish(subjects.configChanged('subscriptions'), { id: userId });
  }
}
