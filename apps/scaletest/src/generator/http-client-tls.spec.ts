import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import tls from 'node:tls';
import { eventually, selfSigned } from '@parley/testing';
import { HttpClient, type OpenStream } from './http-client';
import { ServerErrors } from './server-errors';

describe('the HTTP client over TLS', () => {
  let server: Server;
  let client: HttpClient;
  const certificate = selfSigned(['localhost']);
  const connections = new Set<unknown>();
  const long = 'größer '.repeat(100_000);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    connections.add(request.socket.remotePort);
    let body = '';
    for await (const piece of request.setEncoding('utf8')) body += String(piece);
    if (request.method === 'POST') return void response.end(body);
    response.write('data: first\n\n');
    response.end(long);
  }

  beforeAll(async () => {
    server = createServer(certificate, (request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    client = new HttpClient([`https://localhost:${port}`], {
      maxSockets: 1,
      serverErrors: new ServerErrors(),
    });
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(async () => {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('refuses a certificate that nobody vouches for, and says so', async () => {
    const call = client.call({ method: 'POST', path: '/chats', token: 'x' });
    await expect(call).rejects.toThrow(/self-signed certificate/);
  });

  it('makes calls on a connection that is kept, and reads streams whole, also when they are paused', async () => {
    const { connect } = tls;
    jest
      .spyOn(tls, 'connect')
      .mockImplementation(((options: tls.ConnectionOptions) =>
        connect({ ...options, ca: certificate.cert })) as typeof connect);
    for (const name of ['Zoë', long]) {
      const reply = await client.call({ method: 'POST', path: '/chats', token: 'x', body: { name } });
      expect([reply.status, reply.text === JSON.stringify({ name })]).toEqual([200, true]);
    }
    expect(connections.size).toBe(1);
    let text = '';
    let isOver = false;
    const stream: OpenStream = client.stream('/chats/1/stream', {
      token: 'x',
      lastEventId: undefined,
      onStatus: (status) => expect(status).toBe(200),
      onText: (piece) => {
        text += piece;
        stream.pause();
        setImmediate(() => stream.resume());
      },
      onOver: () => (isOver = true),
    });
    await eventually(() => isOver);
    expect(text === `data: first\n\n${long}`).toBe(true);
  });
});
