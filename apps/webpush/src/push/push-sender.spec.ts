/** What we send, judged by others: the mock of the Push API that web-push's users test with, which decrypts with http_ece. */
import { generateVAPIDKeys } from 'web-push';
import { PushApiModel } from 'web-push-testing/src/PushApiModel';
import { TEST_NOTIFICATION } from './notification';
import { PushSender } from './push-sender';
import type { PushRequest, PushResponse, PushTransport } from './push-transport';

const { signal } = new AbortController();

function senderOver(post: (request: PushRequest) => Promise<PushResponse>): PushSender {
  const transport = { post } as unknown as PushTransport;
  return new PushSender({ transport, subject: 'mailto:test@example.com', now: () => 0 });
}

describe('A push', () => {
  it('is signed and encrypted so that another implementation takes it', async () => {
    const model = new PushApiModel();
    model.notifyUrl = 'https://push.test/notify/';
    const keys = generateVAPIDKeys();
    const {
      endpoint,
      keys: browser,
      clientHash,
    } = await model.subscribe({
      userVisibleOnly: 'true',
      applicationServerKey: keys.publicKey,
    });
    const sender = senderOver(async ({ headers, body }) => {
      const { Authorization: authorization, TTL: ttl } = headers;
      await model.handleNotification(
        clientHash,
        { encoding: headers['Content-Encoding'], authorization, ttl },
        body,
      );
      return { status: 201, retryAfter: undefined, text: '' };
    });
    const target = { endpoint, p256dhKey: browser.p256dh, authKey: browser.auth };
    expect(await sender.send({ target, notification: TEST_NOTIFICATION, keys }, signal)).toEqual({
      type: 'sent',
    });
    const { messages } = model.getNotifications({ clientHash });
    expect(messages.map((message): unknown => JSON.parse(message))).toEqual([TEST_NOTIFICATION]);
  });

  it('with keys that are none is refused, not thrown', async () => {
    const sender = senderOver(() => Promise.reject(new Error('not reached')));
    const target = { endpoint: 'https://push.test/1', p256dhKey: 'x', authKey: 'y' };
    const keys = generateVAPIDKeys();
    expect(await sender.send({ target, notification: TEST_NOTIFICATION, keys }, signal)).toMatchObject({
      type: 'refused',
    });
  });
});
