/**
 * A push service and the browsers behind it (RFC 8030). Strict: what a real one or a browser would refuse is answered with 400 and
 * kept in `complaints`, which a test finds empty at its end. What it answers otherwise is up to the test.
 */
import { createECDH, randomBytes, randomUUID } from 'node:crypto';
import {
  createServer as createHttp,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { assertVapid, decrypt, type Receiver } from './decrypt';
import type { Certificate } from '@parley/testing';

export interface ReceivedPush {
  readonly browser: Browser;
  readonly payload: Record<string, unknown>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface Browser extends Receiver {
  readonly id: string;
  readonly endpoint: string;
  /** As a page sends it to its server. */
  readonly subscription: { endpoint: string; p256dh_key: string; auth_key: string };
  readonly applicationServerKey: string;
}

/** An answer in place of 201, or a promise that delays it. */
export type Answer = (push: ReceivedPush) => Promise<PushAnswer> | PushAnswer;
export interface PushAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

const CREATED: PushAnswer = { status: 201 };

export class PushService {
  readonly received: ReceivedPush[] = [];
  readonly complaints: string[] = [];
  answer: Answer = () => CREATED;
  private readonly browsers = new Map<string, Browser>();

  private constructor(
    private readonly server: Server,
    readonly origin: string,
  ) {}

  /** With a certificate it speaks TLS, under that name. */
  static async start(tls?: Certificate & { readonly name: string }): Promise<PushService> {
    const server = tls === undefined ? createHttp() : createHttps(tls);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const origin = tls === undefined ? `http://127.0.0.1:${port}` : `https://${tls.name}:${port}`;
    const service = new PushService(server, origin);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      void service.handle(request, response);
    });
    return service;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** What `pushManager.subscribe({ applicationServerKey })` does. */
  subscribe(applicationServerKey: string): Browser {
    const id = randomUUID();
    const ecdh = createECDH('prime256v1');
    ecdh.generateKeys();
    const auth = randomBytes(16);
    const endpoint = `${this.origin}/push/${id}`;
    const subscription = {
      endpoint,
      p256dh_key: ecdh.getPublicKey('base64url'),
      auth_key: auth.toString('base64url'),
    };
    const browser = { id, ecdh, auth, endpoint, subscription, applicationServerKey };
    this.browsers.set(id, browser);
    return browser;
  }

  unsubscribe(browser: Browser): void {
    this.browsers.delete(browser.id);
  }

  /** What a browser got, in order, without the test notifications of subscribing. */
  turnsOf(browser: Browser): Record<string, unknown>[] {
    const own = this.received.filter((push) => push.browser.id === browser.id);
    return own.map(({ payload }) => payload).filter(({ tag }) => tag !== 'parley-test');
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, headers, body } = await this.take(request);
    response.writeHead(status, { ...headers });
    response.end(body);
  }

  private async take(request: IncomingMessage): Promise<PushAnswer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const browser = this.browsers.get(request.url?.replace('/push/', '') ?? '');
    if (browser === undefined) return { status: 410 };
    try {
      const push = this.read(request, Buffer.concat(chunks), browser);
      const answer = await this.answer(push);
      if (answer.status === 201) this.received.push(push);
      return answer;
    } catch (error) {
      this.complaints.push(String(error));
      return { status: 400, body: String(error) };
    }
  }

  private read({ method, headers }: IncomingMessage, body: Buffer, browser: Browser): ReceivedPush {
    const must = (isSo: boolean, what: string): void => {
      if (!isSo) throw new Error(`${what}: ${JSON.stringify(headers)}`);
    };
    must(method === 'POST', 'not a POST');
    must(body.length <= 4096, `a body of ${body.length} bytes`);
    must(headers['content-encoding'] === 'aes128gcm', 'another encoding');
    must(headers['content-type'] === 'application/octet-stream', 'another type');
    must(/^\d+$/.test(String(headers['ttl'])), 'no TTL');
    must(/^[\w-]{1,32}$/.test(String(headers['topic'])), 'no topic, or a bad one');
    must(/^(very-low|low|normal|high)$/.test(String(headers['urgency'])), 'no urgency');
    const { origin: audience } = new URL(browser.endpoint);
    assertVapid(headers.authorization, { publicKey: browser.applicationServerKey, audience });
    const payload = JSON.parse(decrypt(body, browser)) as Record<string, unknown>;
    return { browser, payload, headers };
  }
}
