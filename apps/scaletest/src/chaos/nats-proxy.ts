/**
 * Stands between the services and NATS and, when told to, loses, doubles or delays messages on their way to a service, as a bad
 * network and a restarting server do. It works on the wire, so the services under test run unchanged.
 *
 * Only fan-out subjects of chats, workers and users suffer, whose delivery is promised to nobody. Replies, JetStream and its
 * acknowledgements pass untouched: their loss is the client library's to survive.
 */
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Random } from '@parley/llmmock';
import { createRandom } from '@parley/llmmock';
import type { BusDisturbance, DisturbanceCounts } from '../system/target';
import { NatsFrames } from './nats-frames';

const MAY_SUFFER = /^(chat|worker|user|config)\./;

export class NatsProxy {
  /** While it was disturbed. */
  readonly counts = { passed: 0, dropped: 0, doubled: 0, delayed: 0 } satisfies DisturbanceCounts;
  private disturbance: BusDisturbance | null = null;
  private readonly open = new Set<Socket>();
  private readonly timers = new Set<NodeJS.Timeout>();

  private constructor(
    private readonly server: Server,
    private readonly upstream: { host: string; port: number },
    private readonly random: Random,
  ) {
    server.on('connection', (client: Socket) => this.accept(client));
  }

  static listen(natsUrl: string, seed = 'bus'): Promise<NatsProxy> {
    const { hostname, port } = new URL(natsUrl);
    return new Promise((resolve, reject) => {
      const server = createServer({ noDelay: true });
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port: 0 }, () =>
        resolve(new NatsProxy(server, { host: hostname, port: Number(port) }, createRandom(seed))),
      );
    });
  }

  get url(): string {
    return `nats://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  disturb(disturbance: BusDisturbance | null): void {
    this.disturbance = disturbance;
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.open) socket.destroy();
    await closed;
  }

  private accept(client: Socket): void {
    const server = createConnection({ ...this.upstream, noDelay: true });
    for (const socket of [client, server]) {
      this.open.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => this.open.delete(socket));
    }
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
    client.pipe(server);
    const frames = new NatsFrames();
    server.on('data', (chunk: Buffer) => {
      for (const frame of frames.push(chunk)) this.pass(client, frame.bytes, frame.subject);
    });
  }

  private pass(client: Socket, bytes: Buffer, subject: string | undefined): void {
    const { disturbance } = this;
    if (disturbance === null || subject === undefined || !MAY_SUFFER.test(subject)) {
      client.write(bytes);
      return;
    }
    const luck = this.random();
    if (luck < disturbance.drop) this.counts.dropped += 1;
    else if (luck < disturbance.drop + disturbance.double) {
      this.counts.doubled += 1;
      client.write(bytes);
      client.write(bytes);
    } else if (luck < disturbance.drop + disturbance.double + disturbance.delay) {
      this.counts.delayed += 1;
      this.later(client, bytes, disturbance.delayMs);
    } else {
      this.counts.passed += 1;
      client.write(bytes);
    }
  }

  private later(client: Socket, bytes: Buffer, ms: number): void {
    const copy = Buffer.from(bytes);
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      if (!client.destroyed) client.write(copy);
    }, ms);
    this.timers.add(timer);
  }
}
