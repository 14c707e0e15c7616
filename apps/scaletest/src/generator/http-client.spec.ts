import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Call, HttpClient, NoReplyError } from './http-client';
import { ServerErrors } from './server-errors';

const CALL: Call = { method: 'POST', path: '/chats', token: 'x', body: { name: 'Zoë' } };

describe('the HTTP client', () => {
  const servers: Server[] = [];
  const clients: HttpClient[] = [];
  const errors = new ServerErrors();

  async function serve(listener: RequestListener): Promise<string> {
    const server = createServer(listener);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }
  function clientOf(...urls: string[]): HttpClient {
    const client = new HttpClient(urls, { maxSockets: 1, serverErrors: errors });
    clients.push(client);
    return client;
  }

  beforeEach(() => void errors.take());
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const client of clients.splice(0)) client.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('makes calls one after the other on the connections it may have, each address in its turn', async () => {
    const seen: string[] = [];
    const ports = new Set<unknown>();
    const listener =
      (name: string): RequestListener =>
      async (request, response) => {
        ports.add(request.socket.remotePort);
        let body = '';
        for await (const piece of request) body += String(piece);
        seen.push(
          `${name} ${request.method} ${request.url} ${String(request.headers['coder-session-token'])} ${body}`,
        );
        response.writeHead(201, { 'retry-after': '3' }).end('größer');
      };
    const client = clientOf(`${await serve(listener('a'))}/below/`, await serve(listener('b')));
    const replies = await Promise.all([1, 2, 3, 4].map(() => client.call(CALL)));
    expect(replies).toEqual(Array(4).fill({ status: 201, text: 'größer', retryAfterMs: 3_000 }));
    expect(seen.sort()).toEqual([
      ...Array<string>(2).fill('a POST /below/api/v2/chats x {"name":"Zoë"}'),
      ...Array<string>(2).fill('b POST /api/v2/chats x {"name":"Zoë"}'),
    ]);
    expect(ports.size).toBe(2);
  });

  it('notes a request without a reply, and goes on', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      if (asked === 1) request.socket.destroy();
      else response.end('there');
    });
    const client = clientOf(url);
    const failure: unknown = await client.call(CALL).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(NoReplyError);
    expect(failure).toMatchObject({ wasRefused: false });
    expect(await client.call(CALL)).toMatchObject({ status: 200, text: 'there' });
    expect(errors.take().breaks).toMatchObject([{ kind: 'reply_lost', call: 'POST /chats' }]);
  });

  it('knows a refused connection, and notes that one too', async () => {
    const url = await serve(() => undefined);
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(clientOf(url).call(CALL)).rejects.toMatchObject({ code: 'no_reply', wasRefused: true });
    expect(
      errors
        .take()
        .breaks.map(({ why }) => why)
        .join(),
    ).toContain('ECONNREFUSED');
  });

  it('notes nothing of a connection that the server ended while it rested', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      if (asked === 1) response.end();
      else request.socket.destroy();
    });
    const client = clientOf(url);
    await client.call(CALL);
    const now = performance.now();
    jest.spyOn(performance, 'now').mockReturnValue(now + 1_500);
    await expect(client.call(CALL)).rejects.toBeInstanceOf(NoReplyError);
    expect(errors.take().breaks).toEqual([]);
  });

  it('gives up a call that is not answered in time', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    try {
      let asked = (): void => undefined;
      const isAsked = new Promise<void>((resolve) => (asked = resolve));
      const call = clientOf(await serve(() => asked())).call(CALL);
      const expected = expect(call).rejects.toThrow('no reply within 60000 ms');
      await isAsked;
      jest.advanceTimersByTime(61_000);
      await expected;
    } finally {
      jest.useRealTimers();
    }
  });
});
