import { existsSync, statSync } from 'node:fs';
import { connect as dial, createServer, type Server } from 'node:net';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import { NatsServer } from './nats-server';
import { RedisServer } from './redis-server';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function natsConnection(server: NatsServer): Promise<NatsConnection> {
  const connection = await connect({ servers: server.url });
  cleanups.push(() => connection.close());
  return connection;
}

const port = (url: string): number => Number(new URL(url).port);

describe('NatsServer', () => {
  it('speaks JetStream, and keeps address and streams over a restart and a kill', async () => {
    const server = await NatsServer.start();
    cleanups.push(() => server.stop());
    const { url } = server;
    const before = await natsConnection(server);
    await (await jetstreamManager(before)).streams.add({ name: 'work', subjects: ['work.>'] });
    await jetstream(before).publish('work.one', 'payload');
    await server.restart();
    await server.kill();
    expect(server.pid).toBeUndefined();
    await server.restart();
    expect(server.url).toBe(url);
    const manager = await jetstreamManager(await natsConnection(server));
    expect((await manager.streams.info('work')).state.messages).toBe(1);
  });

  it('is gone after stop', async () => {
    const server = await NatsServer.start();
    const { pid } = server;
    await server.stop();
    expect(() => process.kill(pid ?? 0, 0)).toThrow(/ESRCH/);
  });
});

describe('RedisServer', () => {
  it('answers, and is back at the same address, empty, after a restart and a kill', async () => {
    const server = await RedisServer.start();
    cleanups.push(() => server.stop());
    const client = new Redis(server.url, { retryStrategy: () => 20 });
    client.on('error', () => undefined);
    cleanups.push(async () => client.disconnect());
    await client.set('key', 'value');
    await server.kill();
    expect(server.pid).toBeUndefined();
    await server.restart();
    expect(await client.get('key')).toBeNull();
  });
});

describe('servers of our own', () => {
  const standard = { nats: 4222, redis: 6379 };
  const squatters: Server[] = [];

  beforeAll(async () => {
    for (const taken of Object.values(standard)) {
      const squatter = createServer((socket) => socket.destroy());
      // Taken already is as good.
      const isListening = await new Promise<boolean>((resolve) => {
        squatter.once('error', () => resolve(false));
        squatter.listen(taken, '127.0.0.1', () => resolve(true));
      });
      if (isListening) squatters.push(squatter);
    }
  });
  afterAll(async () => {
    await Promise.all(squatters.map((squatter) => new Promise((resolve) => squatter.close(resolve))));
  });

  it('start while the standard ports are in use', async () => {
    const servers = await Promise.all([NatsServer.start(), RedisServer.start()]);
    cleanups.push(...servers.map((server) => () => server.stop()));
    for (const server of servers) expect(Object.values(standard)).not.toContain(port(server.url));
  });

  it('listen on loopback only, under an unprivileged account even when root starts them', async () => {
    const server = await RedisServer.start();
    cleanups.push(() => server.stop());
    const client = new Redis(server.url);
    cleanups.push(async () => client.disconnect());
    expect(await client.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
    const status = `/proc/${server.pid}`;
    if (!existsSync(status)) return;
    expect(process.getuid?.() === 0 ? ownerOf(status) : 1).not.toBe(0);
  });

  it('accept connections at the moment start resolves', async () => {
    const server = await NatsServer.start();
    cleanups.push(() => server.stop());
    await new Promise<void>((resolve, reject) => {
      const socket = dial(port(server.url), '127.0.0.1', () => resolve(void socket.destroy()));
      socket.once('error', reject);
    });
  });
});

function ownerOf(path: string): number {
  return statSync(path).uid;
}
