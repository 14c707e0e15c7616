/**
 * What crosses the bus for browser notifications: the job of a turn that ended, what the gateway asks of the webpush service, and
 * the question whether somebody is looking at a chat right now.
 */
import { z } from 'zod';
import type { MessagePart } from './message-part';
import { plainText, text, timestamp, uuid } from './strings';

/** Of `text` in a job; the notification itself is smaller still. */
export const MAX_PUSH_TEXT_BYTES = 4 * 1024;

/** How a turn came to rest. An interrupted one makes no job. */
export const TURN_ENDS = ['finish', 'error', 'requires_action'] as const;
export const turnEnd = z.enum(TURN_ENDS);
export type TurnEnd = z.infer<typeof turnEnd>;

/** A turn of a root chat ended. It carries all that the notification says, so that whoever sends it reads no chat. */
export const pushTurnFinished = z.object({
  chat_id: uuid(),
  owner_id: uuid(),
  history_version: z.number().int(),
  kind: turnEnd,
  title: z.string(),
  /** The final text, its summary, or the error, at most MAX_PUSH_TEXT_BYTES; may be empty. */
  text: text(),
  finished_at: timestamp(),
});
export type PushTurnFinished = z.infer<typeof pushTurnFinished>;

/** What a notification says of a message: its text parts, cut to MAX_PUSH_TEXT_BYTES between two characters. */
export function pushTextOf(parts: readonly MessagePart[]): string {
  const texts = parts.flatMap((part) => (part.type === 'text' && part.text !== '' ? [part.text] : []));
  return cutPushText(texts.join('\n'));
}

/** At most MAX_PUSH_TEXT_BYTES of it in UTF-8. */
export function cutPushText(whole: string): string {
  const bytes = new TextEncoder().encode(whole);
  if (bytes.length <= MAX_PUSH_TEXT_BYTES) return whole;
  let end = MAX_PUSH_TEXT_BYTES;
  // Never within a character: continuation bytes begin with the bits 10.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return new TextDecoder().decode(bytes.subarray(0, end));
}

/** The same for every attempt to tell of the same end, whichever worker makes it. */
export function pushJobId(job: Pick<PushTurnFinished, 'chat_id' | 'history_version' | 'kind'>): string {
  return `${job.chat_id}.${job.history_version}.${job.kind}`;
}

export const MAX_PUSH_ENDPOINT_LENGTH = 2_000;

const endpoint = plainText()
  .min(1)
  .max(MAX_PUSH_ENDPOINT_LENGTH, `must have at most ${MAX_PUSH_ENDPOINT_LENGTH} characters`);
const browserKey = plainText().min(1).max(200);

/** A browser's push subscription (W3C Push API); the keys in base64 or base64url. */
export const createPushSubscriptionRequest = z.object({
  endpoint,
  p256dh_key: browserKey,
  auth_key: browserKey,
});
export type CreatePushSubscriptionRequest = z.infer<typeof createPushSubscriptionRequest>;

export const deletePushSubscriptionRequest = z.object({ endpoint });
export type DeletePushSubscriptionRequest = z.infer<typeof deletePushSubscriptionRequest>;

export const webpushSubscribe = createPushSubscriptionRequest.extend({ user_id: uuid() });
export type WebpushSubscribe = z.infer<typeof webpushSubscribe>;

export const webpushSubscribeReply = z.discriminatedUnion('result', [
  z.object({ result: z.literal('stored') }),
  z.object({ result: z.literal('invalid'), field: z.string(), detail: z.string() }),
  /** The push service did not take the test notification: nothing was stored. */
  z.object({ result: z.literal('push_failed'), detail: z.string() }),
  /** The server's key was replaced meanwhile: the browser must subscribe again, with the new one. */
  z.object({ result: z.literal('key_changed') }),
  z.object({ result: z.literal('too_many'), retry_after_ms: z.number().int() }),
]);
export type WebpushSubscribeReply = z.infer<typeof webpushSubscribeReply>;

export const webpushUnsubscribe = deletePushSubscriptionRequest.extend({ user_id: uuid() });
export type WebpushUnsubscribe = z.infer<typeof webpushUnsubscribe>;

export const webpushUnsubscribeReply = z.object({ removed: z.boolean() });
export type WebpushUnsubscribeReply = z.infer<typeof webpushUnsubscribeReply>;

export const webpushTest = z.object({ user_id: uuid() });
export type WebpushTest = z.infer<typeof webpushTest>;

export const webpushTestReply = z.discriminatedUnion('result', [
  z.object({ result: z.literal('done'), sent: z.number().int(), failed: z.number().int() }),
  z.object({ result: z.literal('too_many'), retry_after_ms: z.number().int() }),
]);
export type WebpushTestReply = z.infer<typeof webpushTestReply>;

export const nothing = z.object({});
export type Nothing = z.infer<typeof nothing>;

/** The application server key that browsers subscribe with (RFC 8292), in base64url. */
export const webpushKeyReply = z.object({ public_key: z.string() });
export type WebpushKeyReply = z.infer<typeof webpushKeyReply>;

export const presenceReply = z.object({ is_watching: z.boolean() });
export type PresenceReply = z.infer<typeof presenceReply>;
