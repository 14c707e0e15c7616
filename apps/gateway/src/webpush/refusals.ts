/** What the webpush service refuses, as HTTP says it. */
import type { WebpushSubscribeReply, WebpushTestReply } from '@parley/contracts';
import { ApiError, invalidField, tooManyRequests } from '../http/api-error';

/** @throws ApiError unless the subscription was stored */
export function assertStored(reply: WebpushSubscribeReply): void {
  switch (reply.result) {
    case 'stored':
      return;
    case 'invalid':
      throw invalidField(reply.field, reply.detail);
    case 'too_many':
      throw tooManyRequests(seconds(reply.retry_after_ms));
    case 'key_changed':
      throw new ApiError(409, 'The key of this server has changed: reload the page and subscribe again.');
    case 'push_failed':
      // Not 500, as others have it: whoever chooses the endpoint must not be able to set off the operator's alarms.
      throw invalidField(
        'endpoint',
        `did not take the test notification, so the subscription was not stored: ${reply.detail}`,
      );
  }
}

/** @throws ApiError unless every browser that is still subscribed took the test notification */
export function assertTested(reply: WebpushTestReply): void {
  if (reply.result === 'too_many') throw tooManyRequests(seconds(reply.retry_after_ms));
  if (reply.failed === 0) return;
  throw new ApiError(409, 'The test notification could not be sent to every browser.', {
    detail: `${reply.sent} sent, ${reply.failed} failed.`,
  });
}

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
