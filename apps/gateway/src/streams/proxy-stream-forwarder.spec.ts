import { eventually } from '@parley/testing';
import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { ProxyStreamForwarder } from './proxy-stream-forwarder';
import { listenForUpgrades } from './upgrades';

const PATH = '/api/v2/chats/00000000-0000-4000-8000-000000000001/stream';
const silent = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
const servers: Server[] = [];
const forwarders: ProxyStreamForwarder[] = [];
let luck: number[] = [];

afterEach(async () => {
  for (const forwarder of forwarders.splice(0)) await forwarder.close({ withinMs: 0 });
  await Promise.all(servers.splice(0).map(stop));
});

async function stop(server: Server): Promise<void> {
  if (!server.listening) return;
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

async function listen(listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** An address where nobody listens. */
async function deadUrl(): Promise<string> {
  const { server, url } = await listen(() => {});
  await stop(server);
  return url;
}

async function gatewayTo(relayUrls: readonly string[], answerTimeoutMs = 5_000) {
  const forwarder = new ProxyStreamForwarder({
    relayUrls,
    trustProxy: false,
    logger: silent,
    answerTimeoutMs,
    random: () => luck.shift() ?? 0,
  });
  forwarders.push(forwarder);
  const { server, url } = await listen((request, response) => forwarder.handleRequest(request, response));
  listenForUpgrades(server, forwarder);
  return { url, forwarder };
}

async function fetchText(url: string): Promise<{ status: number; text: string; headers: Headers }> {
  const reply = await fetch(url + PATH);
  return { status: reply.status, text: await reply.text(), headers: reply.headers };
}

describe('streams over HTTP', () => {
  test('events pass at once, with the headers of the relay, and the relay learns who asks', async () => {
    const seen: IncomingMessage[] = [];
    let finish = (): void => {};
    const relay = await listen((request, response) => {
      seen.push(request);
      response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
      response.write('data: 1\n\n');
      finish = () => void response.end('data: 2\n\n');
    });
    const { url } = await gatewayTo([relay.url]);
    const reply = await fetch(`${url}${PATH}?after_id=7`, {
      headers: { 'coder-session-token': 'secret', 'x-forwarded-for': 'forged' },
    });
    const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('data: 1\n\n');
    expect(reply.headers.get('x-accel-buffering')).toBe('no');
    expect(seen[0]?.url).toBe(`${PATH}?after_id=7`);
    expect(seen[0]?.headers).toMatchObject({
      'coder-session-token': 'secret',
      'x-forwarded-for': '127.0.0.1',
    });
    finish();
    expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe('data: 2\n\n');
    expect((await reader.read()).done).toBe(true);
  });

  test('relays take turns, and one that is gone is passed over', async () => {
    const named = (name: string) => listen((_request, response) => void response.end(name));
    const { url } = await gatewayTo([(await named('a')).url, await deadUrl(), (await named('b')).url]);
    const answers = [];
    for (let round = 0; round < 6; round += 1) answers.push((await fetchText(url)).text);
    expect(answers).toEqual(['a', 'b', 'b', 'a', 'b', 'b']);
  });

  test('without any relay the client gets 502 as JSON', async () => {
    const { url } = await gatewayTo([await deadUrl(), await deadUrl()]);
    const reply = await fetchText(url);
    expect(reply.status).toBe(502);
    expect(JSON.parse(reply.text)).toEqual({ message: 'The stream service cannot be reached: try again.' });
  });

  test('a relay that does not begin to answer in time is passed over', async () => {
    const mute = await listen(() => {});
    const good = await listen((_request, response) => void response.end('good'));
    const { url } = await gatewayTo([mute.url, good.url], 2_000);
    expect((await fetchText(url)).text).toBe('good');
  });

  test('the refusal of a relay reaches the client as it is', async () => {
    const relay = await listen((_request, response) => void response.writeHead(404).end('{"message":"no"}'));
    const { url } = await gatewayTo([relay.url]);
    expect(await fetchText(url)).toMatchObject({ status: 404, text: '{"message":"no"}' });
  });

  test('a client that hangs up hangs up on the relay, and a relay that breaks off breaks off the client', async () => {
    const open = new Set<Socket>();
    const relay = await listen((request, response) => {
      open.add(request.socket);
      request.socket.once('close', () => open.delete(request.socket));
      response.writeHead(200).write('begun');
    });
    const { url } = await gatewayTo([relay.url]);
    const first = get(url + PATH);
    const [answer] = (await once(first, 'response')) as [IncomingMessage];
    await once(answer, 'data');
    expect(open.size).toBe(1);
    answer.destroy();
    await eventually(() => open.size === 0);

    const second = get(url + PATH);
    const [broken] = (await once(second, 'response')) as [IncomingMessage];
    await once(broken, 'data');
    open.forEach((socket) => socket.destroy());
    await expect(once(broken, 'end')).rejects.toThrow('aborted');
  });
});

describe('streams over WebSocket', () => {
  async function echoRelay() {
    const relay = await listen(() => {});
    const sockets = new WebSocketServer({ noServer: true });
    relay.server.on('upgrade', (request, socket, head) => {
      sockets.handleUpgrade(request, socket, head, (client) => {
        client.on('message', (message) => client.send(`echo ${(message as Buffer).toString()}`));
        client.send(request.url ?? '');
      });
    });
    return { ...relay, sockets };
  }
  const open = (url: string, path = PATH) => new WebSocket(url.replace('http', 'ws') + path);
  const next = async (client: WebSocket) => ((await once(client, 'message')) as [Buffer])[0].toString();

  test('frames pass both ways, past a relay that is gone, and either side may close', async () => {
    const relay = await echoRelay();
    const { url } = await gatewayTo([await deadUrl(), relay.url]);
    const client = open(url);
    expect(await next(client)).toBe(PATH);
    client.send('hello');
    expect(await next(client)).toBe('echo hello');
    client.close(1000);
    await once(client, 'close');
    await eventually(() => relay.sockets.clients.size === 0);

    const second = open(url);
    await next(second);
    relay.sockets.clients.forEach((socket) => socket.close(1012, 'restart'));
    const [code] = (await once(second, 'close')) as [number];
    expect(code).toBe(1012);
  });

  test('closing the forwarder ends every stream, one after the other, and takes no more', async () => {
    const relay = await echoRelay();
    const { url, forwarder } = await gatewayTo([relay.url]);
    const ended: number[] = [];
    const clients = [0, 1, 2].map(() => open(url));
    for (const [index, client] of clients.entries()) client.once('close', () => ended.push(index));
    await Promise.all(clients.map(next));
    luck = [0.9, 0.1, 0.5];
    const closed = forwarder.close({ withinMs: 200 });
    await expect(once(open(url), 'open')).rejects.toThrow('socket hang up');
    await expect(fetchText(url)).rejects.toThrow('fetch failed');
    await closed;
    await eventually(() => ended.length === 3);
    expect(ended).toEqual([1, 2, 0]);
  });

  test.each([
    ['a relay that refuses', 401],
    ['no relay', 502],
  ])('with %s the handshake fails with %d', async (what, status) => {
    const refusing = await listen(
      (_request, response) => void response.writeHead(401).end('{"message":"who?"}'),
    );
    const { url } = await gatewayTo([what === 'no relay' ? await deadUrl() : refusing.url]);
    await expect(once(open(url), 'open')).rejects.toThrow(`Unexpected server response: ${status}`);
  });

  test('other paths and other upgrades are refused without a relay being asked', async () => {
    const { url } = await gatewayTo([await deadUrl()]);
    await expect(once(open(url, '/api/v2/chats'), 'open')).rejects.toThrow('404');
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`);
    const [reply] = (await once(socket, 'data')) as [Buffer];
    expect(reply.toString()).toMatch(/^HTTP\/1.1 400 /);
    socket.destroy();
  });
});
