/** Puts together what webpush consists of. */
import { systemClock } from '@parley/contracts';
import { RateLimiter } from '@parley/key-value';
import { DeliveryLog } from './dispatch/delivery-log';
import { Dispatcher } from './dispatch/dispatcher';
import { LostTurnEnds } from './dispatch/lost-turn-ends';
import { Notifier } from './dispatch/notifier';
import { BusPresence } from './dispatch/presence';
import { VapidKeys } from './keys/vapid-keys';
import { createWebpushMetrics } from './metrics';
import { PushSender } from './push/push-sender';
import { PushTransport } from './push/push-transport';
import { SubscriptionBook } from './subscriptions/subscription-book';
import { SubscriptionCache } from './subscriptions/subscription-cache';
import { SubscriptionStore } from './subscriptions/subscription-store';
import { Subscriptions } from './subscriptions/subscriptions';
import type { WebpushDependencies } from './webpush-app';

export interface WebpushParts {
  readonly book: SubscriptionBook;
  readonly keys: VapidKeys;
  readonly transport: PushTransport;
  readonly subscriptions: Subscriptions;
  readonly dispatcher: Dispatcher;
  readonly lostTurnEnds: LostTurnEnds;
}

/** What a claim outlasts the longest push by. */
const CLAIM_MARGIN_MS = 2_000;
/** Clocks of replicas differ, and a job may wait in the queue. */
const REMEMBER_MARGIN_MS = 30 * 60_000;

/** `signal` aborts pushes under way. */
export function buildWebpushParts(dependencies: WebpushDependencies, signal: AbortSignal): WebpushParts {
  const { database, bus, keyValue, secretBox, logger, config, ca, resolve } = dependencies;
  const now = (): number => systemClock.now();
  const allowPrivateEndpoints = config.webpushAllowPrivateEndpoints;
  const maxAgeMs = config.webpushMaxAgeMs;
  const store = new SubscriptionStore(database);
  const cache = new SubscriptionCache({ load: (userId) => store.ofUser(userId), now });
  const metrics = createWebpushMetrics(dependencies.metrics, { cachedUsers: () => cache.size });
  const book = new SubscriptionBook({ bus, store, cache });
  const keys = new VapidKeys({ database, secretBox });
  const transport = new PushTransport({
    allowPrivateEndpoints,
    timeoutMs: config.webpushSendTimeoutMs,
    ...(ca !== undefined && { ca }),
    ...(resolve !== undefined && { resolve }),
  });
  const sender = new PushSender({ transport, subject: config.webpushSubject, now });
  const deliveries = new DeliveryLog({
    keyValue,
    claimMs: config.webpushSendTimeoutMs + CLAIM_MARGIN_MS,
    rememberMs: maxAgeMs + REMEMBER_MARGIN_MS,
  });
  const notifier = new Notifier({ book, keys, sender, deliveries, metrics, logger });
  const limiter = new RateLimiter({ store: keyValue, logger });
  const rules = { allowPrivateEndpoints };
  const presence = new BusPresence({ bus, logger });
  return {
    book,
    keys,
    transport,
    subscriptions: new Subscriptions({ book, keys, sender, notifier, rules, limiter, signal, now }),
    dispatcher: new Dispatcher({ notifier, presence, metrics, maxAgeMs, now, signal }),
    lostTurnEnds: new LostTurnEnds({
      database,
      bus,
      clock: systemClock,
      random: Math.random,
      metrics,
      logger,
      maxAgeMs,
    }),
  };
}
