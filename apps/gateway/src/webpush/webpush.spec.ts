import { createInProcessBus } from '@parley/bus';
import { provision, type Provisioned } from '../testing/provision';
import { startGateway, type TestGateway } from '../testing/start-gateway';
import { standInForWebpush, type WebpushStandIn } from '../testing/webpush-stand-in';
import { WebpushRequests } from './webpush-requests';

const body = { endpoint: 'https://push.test/1', p256dh_key: 'a-key', auth_key: 'secret' };

describe('the webpush routes', () => {
  let gateway: TestGateway;
  let world: Provisioned;
  let webpush: WebpushStandIn;
  beforeAll(async () => {
    gateway = await startGateway();
    world = await provision(gateway);
    webpush = await standInForWebpush(gateway.bus);
  });
  afterAll(() => gateway.close());

  const asMember = (method: string, path: string, sent?: object) =>
    gateway.call(method, `/api/v2/users/${path}`, { token: world.member.token, body: sent });

  test('a browser is subscribed for whoever asks', async () => {
    expect((await asMember('POST', 'me/webpush/subscription', body)).status).toBe(204);
    expect(webpush.asked.at(-1)).toEqual({ ...body, user_id: world.member.id });
  });

  test('nobody subscribes a browser for somebody else, not even an administrator', async () => {
    const url = `/api/v2/users/${world.member.id}/webpush/subscription`;
    const { length } = webpush.asked;
    expect((await gateway.call('POST', url, { token: world.admin.token, body })).status).toBe(403);
    expect((await asMember('POST', `${world.admin.id}/webpush/subscription`, body)).status).toBe(404);
    expect(webpush.asked).toHaveLength(length);
  });

  test('every refusal has its status, and says what is wrong', async () => {
    const reply = async (subscribeReply: WebpushStandIn['subscribeReply']) => {
      webpush.subscribeReply = subscribeReply;
      const { status, body: answer, headers } = await asMember('POST', 'me/webpush/subscription', body);
      return { status, answer, retryAfter: headers['retry-after'] };
    };
    expect(await reply({ result: 'invalid', field: 'endpoint', detail: 'is inside' })).toMatchObject({
      status: 400,
      answer: { validations: [{ field: 'endpoint', detail: 'is inside' }] },
    });
    expect(await reply({ result: 'push_failed', detail: 'no' })).toMatchObject({
      status: 400,
      answer: { validations: [{ field: 'endpoint', detail: expect.stringContaining('no') as unknown }] },
    });
    expect(await reply({ result: 'key_changed' })).toMatchObject({ status: 409 });
    expect(await reply({ result: 'too_many', retry_after_ms: 1_500 })).toMatchObject({
      status: 429,
      retryAfter: '2',
    });
    webpush.subscribeReply = { result: 'stored' };
  });

  test('unsubscribing what is not there is 404', async () => {
    const remove = () => asMember('DELETE', 'me/webpush/subscription', { endpoint: body.endpoint });
    expect((await remove()).status).toBe(204);
    webpush.isKnown = false;
    expect((await remove()).status).toBe(404);
    webpush.isKnown = true;
  });

  test('a test that did not reach every browser is a conflict', async () => {
    expect((await asMember('POST', 'me/webpush/test')).status).toBe(204);
    webpush.testReply = { result: 'done', sent: 1, failed: 1 };
    expect((await asMember('POST', 'me/webpush/test')).status).toBe(409);
  });

  test('the public key is in the build info', async () => {
    const reply = await gateway.call('GET', '/api/v2/buildinfo');
    expect(reply.body).toMatchObject({ webpush_public_key: 'the-public-key' });
  });
});

describe('without a webpush service', () => {
  test('the routes are 503 and the public key is empty', async () => {
    const gateway = await startGateway();
    const { member } = await provision(gateway);
    const url = '/api/v2/users/me/webpush/subscription';
    expect(await gateway.call('POST', url, { token: member.token, body })).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
    });
    const info = await gateway.call('GET', '/api/v2/buildinfo');
    expect(info).toMatchObject({ status: 200, body: { webpush_public_key: '' } });
    await gateway.close();
  });

  test('the last known key is served while it is away, and a new one soon after', async () => {
    const bus = createInProcessBus();
    let now = 0;
    const requests = new WebpushRequests({ bus, now: () => now });
    expect(await requests.key()).toBe('');
    const standIn = await standInForWebpush(bus);
    expect(await requests.key()).toBe('');
    now += 2_000;
    expect(await requests.key()).toBe('the-public-key');
    standIn.publicKey = 'another-key';
    now += 59_999;
    expect(await requests.key()).toBe('the-public-key');
    now += 1;
    expect(await requests.key()).toBe('another-key');
    await bus.drain();
    now += 60_000;
    expect(await requests.key()).toBe('another-key');
  });
});
