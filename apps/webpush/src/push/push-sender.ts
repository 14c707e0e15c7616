/**
 * One notification to one browser: encrypted for it (RFC 8291), signed with our key (RFC 8292), posted, and the answer told
 * in the four ways that matter. Never throws, but for the abort of its signal.
 */
import { createHash } from 'node:crypto';
import { generateRequestDetails } from 'web-push';
import { AddressRefusedError } from '../endpoint/guarded-lookup';
import type { VapidKeyPair } from '../keys/vapid-keys';
import type { PushResponse, PushTransport } from './push-transport';
import { encodeNotification, type Notification } from './notification';
import { parseRetryAfterMs } from './retry-after';

/** Where a notification goes. */
export interface PushTarget {
  readonly endpoint: string;
  readonly p256dhKey: string;
  readonly authKey: string;
}

export type PushOutcome =
  | { readonly type: 'sent' }
  /** The browser unsubscribed: it will never take one again. */
  | { readonly type: 'gone' }
  /** Another time it may work. */
  | { readonly type: 'later'; readonly afterMs: number | undefined; readonly reason: string }
  /** It will not work, and another time neither. */
  | { readonly type: 'refused'; readonly reason: string; readonly isAddressRefused: boolean };

export interface PushSenderOptions {
  readonly transport: PushTransport;
  /** A `mailto:` or `https:` URL at which push services can reach the operator. */
  readonly subject: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** How long a push service keeps a notification for a browser that is offline. */
const TIME_TO_LIVE_S = 24 * 60 * 60;

export class PushSender {
  constructor(private readonly options: PushSenderOptions) {}

  async send(
    push: { readonly target: PushTarget; readonly notification: Notification; readonly keys: VapidKeyPair },
    signal: AbortSignal,
  ): Promise<PushOutcome> {
    const { transport, now } = this.options;
    let request: ReturnType<typeof generateRequestDetails>;
    try {
      request = this.encrypt(push);
    } catch (error) {
      return refused(`cannot be encrypted for: ${messageOf(error)}`);
    }
    try {
      const { endpoint, headers } = request;
      const body = request.body ?? Buffer.alloc(0);
      return outcomeOf(await transport.post({ endpoint, headers: asText(headers), body }, signal), now());
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof AddressRefusedError) return { ...refused(error.message), isAddressRefused: true };
      return { type: 'later', afterMs: undefined, reason: messageOf(error) };
    }
  }

  private encrypt({
    target,
    notification,
    keys,
  }: {
    target: PushTarget;
    notification: Notification;
    keys: VapidKeyPair;
  }): ReturnType<typeof generateRequestDetails> {
    return generateRequestDetails(
      { endpoint: target.endpoint, keys: { p256dh: target.p256dhKey, auth: target.authKey } },
      encodeNotification(notification),
      {
        vapidDetails: { subject: this.options.subject, ...keys },
        TTL: TIME_TO_LIVE_S,
        urgency: 'normal',
        contentEncoding: 'aes128gcm',
        topic: topicOf(notification.tag),
      },
    );
  }
}

/** A push service keeps only the latest notification of a topic: at most 32 characters of base64url (RFC 8030, section 5.4). */
function topicOf(tag: string): string {
  return createHash('sha256').update(tag).digest('base64url').slice(0, 32);
}

function outcomeOf({ status, retryAfter, text }: PushResponse, nowMs: number): PushOutcome {
  if (status >= 200 && status < 300) return { type: 'sent' };
  if (status === 404 || status === 410) return { type: 'gone' };
  const reason = `status ${status}${text === '' ? '' : `: ${text}`}`;
  if (status === 408 || status === 429 || status >= 500)
    return { type: 'later', afterMs: parseRetryAfterMs(retryAfter, nowMs), reason };
  return refused(reason);
}

function refused(reason: string): PushOutcome & { type: 'refused' } {
  return { type: 'refused', reason, isAddressRefused: false };
}

function asText(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
