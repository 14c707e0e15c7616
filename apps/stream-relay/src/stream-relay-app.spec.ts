import { once } from 'node:events';
import { connect } from 'node:net';
import { sql } from '@parley/database';
import { createLogger, loadConfig, Metrics } from '@parley/service';
import { eventually } from '@parley/testing';
import { relayConfig } from './config';
import { createStreamRelay, type StreamRelayApp } from './stream-relay-app';
import { RelayFixture } from './testing/relay-fixture';
import { openSse, openWebSocket } from './testing/stream-clients';

describe('The relay as a service', () => {
  let fixture: RelayFixture;
  let app: StreamRelayApp;
  let url: string;
  let token: string;
  const onReconnect: (() => void)[] = [];

  beforeAll(async () => {
    fixture = await RelayFixture.create('NATS');
    const { bus, identity, test } = fixture;
    const logger = createLogger({ name: 'relay-spec', level: 'silent' });
    const config = loadConfig(relayConfig, { env: { RELAY_HEARTBEAT_MS: '1000' } });
    const listen = bus.onReconnect.bind(bus);
    jest.spyOn(bus, 'onReconnect').mockImplementation((listener) => {
      onReconnect.push(listener);
      return listen(listener);
    });
    const metrics = new Metrics();
    app = createStreamRelay({ database: test.database, bus, identity, logger, metrics, config });
    await app.start({ host: '127.0.0.1', port: 0 });
    url = await app.url();
    token = await fixture.token();
  });
  afterAll(async () => {
    await app.stop();
    await fixture.close();
  });

  it('streams beside health checks and metrics on one port', async () => {
    const chatId = await fixture.chat();
    const clients = await Promise.all([
      openWebSocket({ url, token, chatId }),
      openSse({ url, token, chatId }),
    ]);
    for (const client of clients) await client.until(({ status }) => status === 'running');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toMatch(/^parley_relay_viewers 2$/m);
    expect(metrics).toMatch(/^parley_relay_feed_hits_total \d$/m);
    expect((await fetch(`${url}/api/v2/chats`)).status).toBe(404);
    for (const client of clients) client.drop();
    await eventually(() => app.relay.metrics.viewers === 0);
  });

  it('ends the streams of a token that another service revokes', async () => {
    const chatId = await fixture.chat();
    const issued = await fixture.identity.createToken({ userId: fixture.ownerId });
    const client = await openWebSocket({ url, token: issued.token, chatId });
    await fixture.identity.revoke({ id: issued.id, userId: fixture.ownerId });
    await client.until(({ closed }) => closed?.code === 1008);
  });

  it('trusts no token from before an outage of the bus, in which the news of it was lost', async () => {
    const chatId = await fixture.chat();
    const issued = await fixture.identity.createToken({ userId: fixture.ownerId });
    const leaving = await openWebSocket({ url, token: issued.token, chatId });
    const staying = await openWebSocket({ url, token, chatId });
    const remove = sql('remove_key_in_silence', 'delete from api_keys where id = $1');
    await fixture.test.database.query(remove, [issued.id]);
    for (const listener of onReconnect) listener();
    await leaving.until(({ closed }) => closed?.code === 1008);
    await expect(openWebSocket({ url, token: issued.token, chatId })).rejects.toThrow('401');
    expect(staying.closed).toBeUndefined();
    staying.drop();
  });

  it('marks the chat as read for its owner', async () => {
    const chatId = await fixture.chat();
    const worker = await fixture.worker();
    await worker.take(chatId);
    await worker.finish('unread');
    expect(await fixture.hasUnread(chatId)).toBe(true);
    const client = await openSse({ url, token, chatId });
    await eventually(async () => !(await fixture.hasUnread(chatId)));
    await fixture.send(chatId, 'again');
    await worker.take(chatId);
    await worker.finish('read while open');
    await client.until(({ messages }) => messages.length === 4);
    client.drop();
    await eventually(async () => !(await fixture.hasUnread(chatId)));
  });

  it("tells of a user's chats, to that user alone, one event a frame", async () => {
    const stranger = await fixture.token(await fixture.stranger());
    const path = '/api/v2/chats/watch';
    const own = await watch(token);
    const foreign = await watch(stranger);
    const sse = await fetch(url + path, { headers: { 'Coder-Session-Token': token } });
    const chatId = await fixture.chat();
    await eventually(() => own.frames.length > 0);
    expect(own.frames[0]).toMatchObject({ kind: 'created', chat: { id: chatId } });
    const reader = (sse.body ?? new ReadableStream<Uint8Array>()).getReader();
    let text = '';
    while (!text.includes('data: ')) {
      const { value } = (await reader.read()) as { value?: Uint8Array };
      text += new TextDecoder().decode(value);
    }
    expect(text).toContain(`"kind":"created"`);
    await reader.cancel();
    expect(foreign.frames).toEqual([]);
    expect((await fetch(url + path)).status).toBe(401);
    own.socket.close();
    foreign.socket.close();
  });

  async function watch(withToken: string) {
    const { WebSocket } = await import('ws');
    const headers = { 'Coder-Session-Token': withToken };
    const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v2/chats/watch`, { headers });
    const frames: unknown[] = [];
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString())));
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    return { socket, frames };
  }

  it('takes no connection any more when it sends its viewers away', async () => {
    const chatId = await fixture.chat();
    const client = await openSse({ url, token, chatId });
    await client.until(({ status }) => status === 'running');
    const stopped = app.stop();
    const [error] = (await once(connect(Number(new URL(url).port), '127.0.0.1'), 'error')) as [Error];
    expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    await client.until(({ closed }) => closed !== undefined);
    await stopped;
  });
});
