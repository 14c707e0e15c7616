import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { ObservedSystem } from '../observability/testing/observed-system';
import { runDemo } from './demo';

/** Passes everything on, and breaks off the first streams in the middle of an answer. */
class Breaker {
  cuts = 0;
  private readonly server: Server;
  private readonly ends = new Set<() => void>();

  constructor(targetUrl: string, maxCuts: number) {
    const target = { port: Number(new URL(targetUrl).port), host: '127.0.0.1' };
    this.server = createServer((client) => {
      const upstream = connect(target);
      const end = (): void => {
        client.destroy();
        upstream.destroy();
      };
      this.ends.add(end);
      for (const socket of [client, upstream]) socket.on('error', end).on('close', end);
      client.pipe(upstream);
      upstream.on('data', (chunk: Buffer) => {
        client.write(chunk);
        if (this.cuts >= maxCuts || !chunk.includes('message_part')) return;
        this.cuts += 1;
        end();
      });
    });
  }

  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.close();
    for (const end of this.ends) end();
    await once(this.server, 'close');
  }
}

describe('The demo', () => {
  let system: ObservedSystem;
  beforeAll(async () => {
    system = await ObservedSystem.start();
  });
  afterAll(() => system.stop());

  it('sees every text in whole though its streams are broken off', async () => {
    const { client, organizationId } = system;
    const breaker = new Breaker(client.baseUrl, 4);
    const url = await breaker.listen();
    const lines: string[] = [];
    await runDemo({ url, token: client.token ?? '', organizationId, print: (line) => lines.push(line) });
    expect(breaker.cuts).toBe(4);
    expect(lines.slice(1).map((line) => line.replace(/\d+ characters/, 'n characters'))).toEqual(
      [1, 2, 3].map(
        (turn) => `turn ${turn}: n characters, equal as streamed (WebSocket, SSE), committed and reread`,
      ),
    );
    await breaker.stop();
  }, 60_000);
});
