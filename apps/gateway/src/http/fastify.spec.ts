import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '@parley/testing';
import { startGateway, type TestGateway } from '../testing/start-gateway';

let gateway: TestGateway;
let port: number;

beforeAll(async () => {
  gateway = await startGateway();
  await gateway.app.listen(0, '127.0.0.1');
  port = Number(new URL(await gateway.app.getUrl()).port);
});
afterAll(() => gateway.close());

/** The status line and body of the reply to bytes as they are. */
async function raw(bytes: string): Promise<{ status: number; body: string }> {
  const socket = connect(port, '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (chunk) => received.push(chunk));
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  const text = Buffer.concat(received).toString();
  return { status: Number(text.slice(9, 12)), body: text.slice(text.indexOf('\r\n\r\n') + 4) };
}

const head = (...lines: string[]) => [...lines, 'Host: x', 'Connection: close', '', ''].join('\r\n');

describe('bytes that are no good request', () => {
  test.each([
    ['huge headers', head('GET /api/v2/buildinfo HTTP/1.1', `X-A: ${'a'.repeat(20_000)}`), 431],
    [
      'many headers',
      head('GET /api/v2/buildinfo HTTP/1.1', ...Array.from({ length: 3_000 }, (_, i) => `X-${i}: a`)),
      431,
    ],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['an unknown method', head('BREW /api/v2/chats HTTP/1.1'), 400],
    ['a bad length', head('POST /api/v2/chats HTTP/1.1', 'Content-Length: x'), 400],
    ['two lengths', head('POST /api/v2/chats HTTP/1.1', 'Content-Length: 1', 'Content-Length: 2'), 400],
    [
      'length and chunks',
      head('POST /api/v2/chats HTTP/1.1', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
      400,
    ],
    ['a NUL in a header', head('GET /api/v2/buildinfo HTTP/1.1', 'X-A: a\u0000b'), 400],
  ])('%s', async (_what, bytes, status) => {
    const reply = await raw(bytes);
    expect(reply.status).toBe(status);
    expect(Object.keys(JSON.parse(reply.body) as object)).toEqual(['message']);
  });

  test('a chunked body without end is cut off at the limit', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const start =
      'POST /api/v2/users/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const reply = await raw(start + chunk.repeat(5));
    expect(reply.status).toBe(413);
  });

  test('an address with broken escapes is 400', async () => {
    const reply = await raw(head('GET /api/v2/chats/%zz HTTP/1.1'));
    expect(reply).toEqual({ status: 400, body: '{"message":"The address is malformed."}' });
  });
});

describe('every reply', () => {
  test('carries the security headers, errors included', async () => {
    for (const url of ['/api/v2/buildinfo', '/api/v2/chats', '/nowhere']) {
      const { headers } = await gateway.call('GET', url);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    }
  });

  test('health and metrics answer without a token', async () => {
    expect(await gateway.call('GET', '/healthz')).toMatchObject({ status: 200 });
    expect(await gateway.call('GET', '/readyz')).toMatchObject({
      status: 200,
      body: { status: 'ok', failing: [] },
    });
    const metrics = await gateway.call('GET', '/metrics');
    expect(metrics.text).toContain(
      'parley_http_request_duration_seconds_count{method="GET",route="/healthz",status="200"}',
    );
  });
});

test('a request that was on its way when the gateway began to close is served', async () => {
  const closing = await startGateway();
  await closing.app.listen(0, '127.0.0.1');
  const socket = connect(Number(new URL(await closing.app.getUrl()).port), '127.0.0.1');
  const received: Buffer[] = [];
  socket.on('data', (chunk) => received.push(chunk));
  const server = closing.app.getHttpServer();
  const accepted = once(server, 'connection');
  socket.write('GET /api/v2/buildinfo HTTP/1.1\r\nHost: x\r\n');
  await accepted;
  await eventually(() => expect(socket.bytesWritten).toBeGreaterThan(0));
  const closed = closing.close();
  await eventually(() => expect(server.listening).toBe(false));
  socket.write('\r\n');
  await Promise.all([once(socket, 'close'), closed]);
  const reply = Buffer.concat(received).toString();
  expect(reply).toMatch(/^HTTP\/1\.1 200 /);
  expect(reply).toMatch(/^connection: close\r$/im);
});
