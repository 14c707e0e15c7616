/**
 * One port in front of several gateways, as a Kubernetes service would be: connections are spread by turns over those in
 * rotation, and a gateway that refuses is skipped. It works on connections, not requests, so it costs next to nothing and knows
 * nothing of HTTP.
 */
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { LISTEN_BACKLOG } from '@parley/service';

export class FrontDoor {
  private readonly inRotation: number[] = [];
  private readonly open = new Set<Socket>();
  private turn = 0;

  private constructor(private readonly server: Server) {
    server.on('connection', (client: Socket) => {
      client.setNoDelay(true);
      this.track(client);
      this.forward(client, this.inRotation.length);
    });
  }

  /** Listens on loopback; port 0 takes a free one. Rejects when the port is taken. */
  static listen(port: number): Promise<FrontDoor> {
    return new Promise((resolve, reject) => {
      const server = createServer();
      server.once('error', reject);
      server.listen({ host: '127.0.0.1', port, backlog: LISTEN_BACKLOG }, () =>
        resolve(new FrontDoor(server)),
      );
    });
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** From now on new connections go to this port too. */
  add(gatewayPort: number): void {
    if (!this.inRotation.includes(gatewayPort)) this.inRotation.push(gatewayPort);
  }

  /** No new connection goes there; open ones stay. */
  remove(gatewayPort: number): void {
    const index = this.inRotation.indexOf(gatewayPort);
    if (index >= 0) this.inRotation.splice(index, 1);
  }

  /** Cuts what is open. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.open) socket.destroy();
    await closed;
  }

  private forward(client: Socket, attemptsLeft: number): void {
    const port = this.inRotation[this.turn++ % Math.max(1, this.inRotation.length)];
    if (port === undefined || attemptsLeft === 0) {
      client.destroy();
      return;
    }
    const gateway = createConnection({ host: '127.0.0.1', port, noDelay: true });
    const refused = (): void => this.forward(client, attemptsLeft - 1);
    gateway.once('error', refused);
    gateway.once('connect', () => {
      gateway.off('error', refused);
      this.track(gateway);
      client.pipe(gateway).pipe(client);
      client.once('close', () => gateway.destroy());
      gateway.once('close', () => client.destroy());
    });
  }

  private track(socket: Socket): void {
    this.open.add(socket);
    // The other half's "close" handler ends the pair; the error itself says nothing that matters here.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.open.delete(socket));
  }
}
