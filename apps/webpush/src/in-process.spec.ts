/** As standalone runs it: gateway and webpush in one process, on the in-process bus and store. */
import { randomUUID } from 'node:crypto';
import { pushJobId, subjects } from '@parley/contracts';
import { createInProcessKeyValue } from '@parley/key-value';
import { eventually } from '@parley/testing';
import { provision } from '../../gateway/src/testing/provision';
import { startGateway } from '../../gateway/src/testing/start-gateway';
import { PushService } from './testing/push-service';
import { startWebpush } from './testing/start-webpush';

it('a page subscribes over HTTP, tests, is told of a turn, and unsubscribes', async () => {
  const gateway = await startGateway();
  const { bus, testDatabase } = gateway;
  const { member } = await provision(gateway);
  const keyValue = createInProcessKeyValue();
  const webpush = await startWebpush({ database: testDatabase.database, bus, keyValue });
  const service = await PushService.start();
  const ask = (method: string, path: string, body?: object) =>
    gateway.call(method, `/api/v2/users/me/webpush/${path}`, { token: member.token, body });

  const { body: info } = await gateway.call('GET', '/api/v2/buildinfo');
  const { webpush_public_key: key } = info as { webpush_public_key: string };
  const browser = service.subscribe(key);
  expect((await ask('POST', 'subscription', browser.subscription)).status).toBe(204);
  expect((await ask('POST', 'test')).status).toBe(204);
  expect(service.received.map(({ payload }) => payload['tag'])).toEqual(['parley-test', 'parley-test']);

  const inside = { ...browser.subscription, endpoint: 'ftp://10.0.0.1/' };
  expect(await ask('POST', 'subscription', inside)).toMatchObject({
    status: 400,
    body: { validations: [{ field: 'endpoint' }] },
  });

  const tell = async (): Promise<void> => {
    const job = {
      chat_id: randomUUID(),
      owner_id: member.id,
      history_version: 2,
      kind: 'finish' as const,
      title: 'T',
      text: 'x',
      finished_at: new Date().toISOString(),
    };
    await bus.workQueue(subjects.pushTurnFinished()).add(job, { messageId: pushJobId(job) });
  };
  await tell();
  await eventually(() => expect(service.turnsOf(browser)).toMatchObject([{ title: 'T', body: 'x' }]));

  const { endpoint } = browser.subscription;
  expect((await ask('DELETE', 'subscription', { endpoint })).status).toBe(204);
  expect((await ask('DELETE', 'subscription', { endpoint })).status).toBe(404);
  await tell();
  await eventually(async () =>
    expect(await webpush.metrics.render()).toContain('jobs_total{outcome="nobody"} 1'),
  );
  expect(service.turnsOf(browser)).toHaveLength(1);
  expect(service.complaints).toEqual([]);

  await webpush.stop();
  await service.stop();
  await keyValue.close();
  await gateway.close();
});
