/**
 * A turn ended: tell the owner's browsers, unless that is old news or the owner is looking at the chat. Reads nothing but the owner's
 * subscriptions; all that the notification says is in the job.
 *
 * Throws RetryLaterError when a push may work another time; the queue then brings the job back, for the browsers that have not
 * got it yet.
 */
import type { PushTurnFinished } from '@parley/contracts';
import type { WebpushMetrics } from '../metrics';
import { turnNotification } from '../push/notification';
import type { Notifier } from './notifier';
import type { Presence } from './presence';
import { RetryLaterError } from './retry-later';

export interface DispatcherOptions {
  readonly notifier: Notifier;
  readonly presence: Presence;
  readonly metrics: WebpushMetrics;
  /** After that a notification would only puzzle. */
  readonly maxAgeMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly signal: AbortSignal;
}

export class Dispatcher {
  constructor(private readonly options: DispatcherOptions) {}

  async dispatch(job: PushTurnFinished): Promise<void> {
    const { metrics, notifier, presence, signal, maxAgeMs, now } = this.options;
    if (now() - Date.parse(job.finished_at) > maxAgeMs) return metrics.dispatched('expired');
    const viewer = { userId: job.owner_id, chatId: job.chat_id };
    if (await presence.isWatching(viewer, signal)) return metrics.dispatched('watching');
    const notice = { userId: job.owner_id, notification: turnNotification(job), job };
    const outcomes = await notifier.notify(notice, signal);
    const later = outcomes.filter((outcome) => outcome.type === 'later');
    metrics.dispatched(later.length > 0 ? 'later' : outcomes.length > 0 ? 'done' : 'nobody');
    const [first] = later;
    if (first === undefined) return;
    const waits = later.map(({ afterMs = 0 }) => afterMs);
    throw new RetryLaterError(first.reason, Math.max(...waits));
  }
}
