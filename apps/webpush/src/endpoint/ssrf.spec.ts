import { createECDH, randomBytes } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { PushTransport, type PushTransportOptions } from '../push/push-transport';
import { PushService } from '../testing/push-service';
import { selfSigned } from '@parley/testing';
import { isPublicAddress } from './address-rules';
import { checkSubscription } from './endpoint-rules';
import type { ResolveAll } from './guarded-lookup';

const INSIDE = [
  ...['0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1'],
  ...[
    '127.8.8.8',
    '169.254.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.0.2.1',
  ],
  ...['192.88.99.1', '192.168.0.1', '198.18.0.1', '198.19.255.255', '198.51.100.7', '203.0.113.9'],
  ...['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255'],
  ...['::', '::1', '::2', 'fe80::1', 'fe80::1%eth0', 'febf::1', 'fec0::1', 'fc00::1', 'fdff::1', 'ff02::1'],
  ...['::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:a9fe:a9fe', '::127.0.0.1'],
  ...[
    '64:ff9b::10.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:10::1',
    '2001:20::1',
  ],
  ...['2001:db8::1', '2002:7f00:1::', '2002:0a00:0001::1', '3fff::1', '5f00::1', '4000::1'],
  ...['', 'localhost', '1.2.3', 'not an address', '1.2.3.4.5', ':::'],
];
const OUTSIDE = [
  ...['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255'],
  ...['128.0.0.1', '169.253.255.255', '172.15.255.255', '172.32.0.0', '192.167.255.255', '198.17.255.255'],
  ...['223.255.255.255', '2606:4700::1111', '2a00:1450:4001::1', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'],
];

const point = createECDH('prime256v1');
point.generateKeys();
const keys = {
  p256dh_key: point.getPublicKey('base64url'),
  auth_key: randomBytes(16).toString('base64url'),
};
const check = (endpoint: string, changed: Partial<typeof keys> = {}, allowPrivateEndpoints = false) =>
  checkSubscription({ endpoint, ...keys, ...changed }, { allowPrivateEndpoints });

describe('addresses', () => {
  test.each(INSIDE)('%s is inside', (address) => expect(isPublicAddress(address)).toBe(false));
  test.each(OUTSIDE)('%s is outside', (address) => expect(isPublicAddress(address)).toBe(true));
});

describe('endpoints', () => {
  test.each([
    ['nothing', ''],
    ['a path', '/push/1'],
    ['plain http', 'http://push.example.com/1'],
    ['another scheme', 'ftp://push.example.com/1'],
    ['a file', 'file:///etc/passwd'],
    ['a user', 'https://user@push.example.com/1'],
    ['a password', 'https://:secret@push.example.com/1'],
    ['no host', 'https:///'],
    ['localhost', 'https://localhost/1'],
    ['localhost with a dot', 'https://localhost./1'],
    ['below localhost', 'https://push.LOCALHOST/1'],
    ['loopback', 'https://127.0.0.1/1'],
    ['loopback in short', 'https://127.1/1'],
    ['loopback as one number', 'https://2130706433/1'],
    ['loopback in hex', 'https://0x7f000001/1'],
    ['loopback in octal', 'https://0177.0.0.1/1'],
    ['loopback in full-width digits', 'https://１２７.0.0.1/1'],
    ['metadata', 'https://169.254.169.254/latest/meta-data'],
    ['private', 'https://192.168.1.1:8443/1'],
    ['loopback in IPv6', 'https://[::1]/1'],
    ['mapped loopback', 'https://[::ffff:127.0.0.1]/1'],
    ['mapped loopback in hex', 'https://[0:0:0:0:0:ffff:7f00:0001]/1'],
    ['unique local', 'https://[fd00::1]/1'],
    ['too long', `https://push.example.com/${'x'.repeat(2_000)}`],
  ])('%s is refused', (_what, endpoint) => {
    expect(check(endpoint)).toMatchObject({ field: 'endpoint' });
  });

  test('what browsers have is taken, in one form', () => {
    const endpoint = 'https://fcm.googleapis.com/fcm/send/abc:def';
    const padded = { p256dh_key: `${point.getPublicKey('base64')}` };
    expect(check(`${endpoint}#fragment`.replace('https', 'HTTPS'), padded)).toEqual({
      endpoint,
      p256dhKey: keys.p256dh_key,
      authKey: keys.auth_key,
    });
  });

  test.each([
    ['p256dh_key', 'a'],
    ['p256dh_key', randomBytes(64).toString('base64url')],
    // Right in length and beginning, but no point of the curve.
    ['p256dh_key', Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 1)]).toString('base64url')],
    ['auth_key', randomBytes(15).toString('base64url')],
    ['auth_key', '{}'],
  ])('a wrong %s is named', (field, value) => {
    expect(check('https://push.example.com/1', { [field]: value })).toMatchObject({ field });
  });
});

describe('sending', () => {
  const transports: PushTransport[] = [];
  const idle = new AbortController().signal;
  const transport = (options: Partial<PushTransportOptions>): PushTransport => {
    const made = new PushTransport({ allowPrivateEndpoints: false, timeoutMs: 5_000, ...options });
    transports.push(made);
    return made;
  };
  const post = (by: PushTransport, endpoint: string, signal = idle) =>
    by.post({ endpoint, headers: {}, body: Buffer.from('x') }, signal);
  const stops: (() => unknown)[] = [];
  const start = async (...options: Parameters<typeof PushService.start>): Promise<PushService> => {
    const service = await PushService.start(...options);
    stops.push(() => service.stop());
    return service;
  };
  afterEach(async () => {
    for (const one of transports.splice(0)) one.close();
    for (const stop of stops.splice(0)) await stop();
  });

  /** Counts the connections that anybody makes. */
  async function trap(): Promise<{ port: number; connections: () => number }> {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stops.push(() => server.close());
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return { port: address.port, connections: () => connections };
  }
  const resolving =
    (...answers: string[][]): ResolveAll =>
    (_hostname, _options, callback) => {
      const addresses = answers.length > 1 ? answers.shift() : answers[0];
      callback(
        null,
        (addresses ?? []).map((address): LookupAddress => ({
          address,
          family: address.includes(':') ? 6 : 4,
        })),
      );
    };

  test('a name that points inside is refused, and nobody is dialled', async () => {
    const { port, connections } = await trap();
    const endpoint = `https://push.example.com:${port}/1`;
    for (const answer of [['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1'], ['1.1.1.1', '127.0.0.1'], []]) {
      await expect(post(transport({ resolve: resolving(answer) }), endpoint)).rejects.toMatchObject({
        code: 'address_refused',
      });
    }
    expect(connections()).toBe(0);
  });

  test('every dial asks for the name anew, and is judged by that answer alone', async () => {
    const { port, connections } = await trap();
    const rebinding = transport({ resolve: resolving(['192.0.2.1'], ['127.0.0.1']), timeoutMs: 300 });
    const endpoint = `https://push.example.com:${port}/1`;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      await expect(post(rebinding, endpoint)).rejects.toMatchObject({ code: 'address_refused' });
    }
    expect(connections()).toBe(0);
  });

  test('a name of this very machine is refused with the resolver of the system', async () => {
    await expect(post(transport({}), 'https://localhost.:1/')).rejects.toMatchObject({
      code: 'address_refused',
    });
  });

  test.each(['https://127.0.0.1:1/', 'https://[::1]:1/', 'https://[::ffff:7f00:1]:1/', 'http://1.1.1.1/'])(
    '%s is refused also when it is stored already',
    async (endpoint) => {
      await expect(post(transport({}), endpoint)).rejects.toMatchObject({ code: 'address_refused' });
    },
  );

  test('a redirect is an answer, not a way', async () => {
    const { port, connections } = await trap();
    const service = await start();
    const browser = service.subscribe('none');
    for (const status of [301, 302, 303, 307, 308]) {
      service['take'] = () =>
        Promise.resolve({ status, headers: { location: `http://127.0.0.1:${port}/inside` } });
      const reply = await post(transport({ allowPrivateEndpoints: true }), browser.endpoint);
      expect(reply.status).toBe(status);
    }
    expect(connections()).toBe(0);
  });

  test('TLS is spoken with whom the certificate names, and with nobody else', async () => {
    const certificate = selfSigned(['localhost']);
    const service = await start({ ...certificate, name: 'localhost' });
    service['take'] = () => Promise.resolve({ status: 201 });
    const trusting = transport({ allowPrivateEndpoints: true, ca: certificate.cert });
    expect((await post(trusting, `${service.origin}/1`)).status).toBe(201);
    const otherName = `${service.origin.replace('localhost', '127.0.0.1')}/1`;
    await expect(post(trusting, otherName)).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const strict = transport({ allowPrivateEndpoints: true });
    await expect(post(strict, `${service.origin}/1`)).rejects.toMatchObject({ code: /SELF_SIGNED|UNABLE/ });
  });

  test('an answer that never ends, or never comes, is cut off', async () => {
    const service = await start();
    const endless = 64 * 1024 * 1024;
    service['take'] = () => Promise.resolve({ status: 201, body: Buffer.alloc(endless, 'x') });
    const reply = await post(transport({ allowPrivateEndpoints: true }), `${service.origin}/1`);
    expect([reply.status, reply.text.length]).toEqual([201, 200]);
    service['take'] = () => new Promise(() => undefined);
    const hasty = transport({ allowPrivateEndpoints: true, timeoutMs: 50 });
    await expect(post(hasty, `${service.origin}/1`)).rejects.toMatchObject({ code: 'push_timeout' });
    const leaving = AbortSignal.timeout(20);
    const cut = post(transport({ allowPrivateEndpoints: true }), `${service.origin}/1`, leaving);
    await expect(cut).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
