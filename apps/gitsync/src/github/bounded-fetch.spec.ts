import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BoundedFetch, MAX_BODY_BYTES } from './bounded-fetch';

let server: Server;
let url: string;
let asked: { etag: string | undefined; authorization: string | undefined }[] = [];
let statuses: number[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const { authorization, 'if-none-match': etag } = request.headers;
    asked.push({ etag, authorization });
    const own = `"${authorization ?? ''}"`;
    if (request.url === '/large') return void response.end('x'.repeat(MAX_BODY_BYTES + 1));
    if (request.url === '/error') return void response.writeHead(500).end('x'.repeat(100_000));
    if (request.url === '/silent') return;
    if (etag === own) return void response.writeHead(304, { etag: own, 'x-ratelimit-remaining': '7' }).end();
    response.writeHead(200, { etag: own, 'x-ratelimit-remaining': '8' }).end(`for ${authorization ?? ''}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  asked = [];
  statuses = [];
});

const client = () => new BoundedFetch((status) => statuses.push(status));
const as = (authorization: string, accept = 'json') => ({ headers: { authorization, accept } });

test('a response is asked for conditionally the second time, and shown again with the limit of now', async () => {
  const { fetch } = client();
  await fetch(url, as('a'));
  const again = await fetch(url, as('a'));
  expect(asked.map(({ etag }) => etag)).toEqual([undefined, '"a"']);
  expect(statuses).toEqual([200, 304]);
  expect([again.status, again.headers.get('x-ratelimit-remaining'), await again.text()]).toEqual([
    200,
    '7',
    'for a',
  ]);
});

test('nothing is shared between tokens, or between media types', async () => {
  const { fetch } = client();
  await fetch(url, as('a'));
  expect(await (await fetch(url, as('b'))).text()).toBe('for b');
  await fetch(url, as('a', 'diff'));
  expect(asked.map(({ etag }) => etag)).toEqual([undefined, undefined, undefined]);
});

test('a body beyond 4 MiB is refused, an error’s is cut at 8 KiB', async () => {
  const { fetch } = client();
  await expect(fetch(`${url}/large`, as('a'))).rejects.toMatchObject({ code: 'git_diff_too_large' });
  expect(await (await fetch(`${url}/error`, as('a'))).text()).toHaveLength(8 * 1024);
});

test('a call ends with its signal', async () => {
  const aborting = new AbortController();
  const call = client().fetch(`${url}/silent`, { ...as('a'), signal: aborting.signal });
  aborting.abort(new Error('stopping'));
  await expect(call).rejects.toThrow('stopping');
});
