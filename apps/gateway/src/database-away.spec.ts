import { createInProcessBus } from '@parley/bus';
import { Database } from '@parley/database';
import { Identity } from '@parley/identity';
import { createTestDatabase, eventually } from '@parley/testing';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { withTimeouts } from './database-url';
import { toErrorReply } from './http/error-reply';

/** A way to Postgres that can be cut, or go silent. */
async function lineTo(url: string) {
  const target = new URL(url);
  const upstream = { port: Number(target.port), host: target.hostname };
  const sockets = new Set<Socket>();
  let isSilent = false;
  const server = createServer((client) => {
    const postgres = connect(upstream.port, upstream.host);
    for (const [from, to] of [
      [client, postgres],
      [postgres, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => (isSilent ? undefined : to.write(chunk)));
      from.on('error', () => {});
      from.once('close', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  target.port = String((server.address() as AddressInfo).port);
  target.hostname = '127.0.0.1';
  return {
    url: target.href,
    goSilent: () => (isSilent = true),
    cut: async () => {
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await once(server, 'close');
    },
  };
}

describe('a database that is away', () => {
  test('answers nothing: the request fails as 503 within the time limit; is cut off: at once', async () => {
    const testDatabase = await createTestDatabase();
    const line = await lineTo(testDatabase.url);
    const url = withTimeouts(`${line.url}?query_timeout=200`);
    const database = await Database.open({
      url,
      poolSize: 2,
      applicationName: 'cut',
      connectTimeoutMs: 2_000,
    });
    const bus = createInProcessBus();
    const identity = new Identity({ database, bus });
    const ask = () => identity.authenticate(`aaaaaaaaaa-${'b'.repeat(22)}`).catch((error: unknown) => error);
    try {
      // A machine that stands still for so short a time is no database that is away.
      await eventually(async () => expect(await ask()).toBeNull());
      identity.invalidate();
      line.goSilent();
      for (let round = 0; round < 2; round += 1) expect(toErrorReply(await ask()).status).toBe(503);
      await line.cut();
      for (let round = 0; round < 2; round += 1) expect(toErrorReply(await ask()).status).toBe(503);
    } finally {
      await database.close();
      await bus.drain();
      await testDatabase.drop();
    }
  });

  test('the limits can be set in the address of the database', () => {
    expect(withTimeouts('postgres://u:p@h/d?statement_timeout=1')).toBe(
      'postgres://u:p@h/d?statement_timeout=1&query_timeout=15000',
    );
  });
});
