/**
 * Forwards streams to the relays, one after the other in turn.
 *
 * A relay that refuses the connection, or does not begin to answer within 10 s, is passed over for the next one; when none is left
 * the client gets 502 as JSON. Once an answer has begun it is passed on byte by byte, with the back pressure of both sides,
 * without a time limit; whoever hangs up first hangs up on the other. Nothing is buffered and nothing is retried after that. When the
 * gateway stops, streams are cut one after the other, since nothing can be said on them: their clients come back at random moments.
 */
import {
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import type { GatewayLogger } from '../dependencies';
import { endToEnd, towardsRelay } from './forwarded-headers';
import { refuseUpgrade } from './raw-reply';
import type { StreamForwarder } from './stream-forwarder';

const ANSWER_TIMEOUT_MS = 10_000;
/** Within this time all streams are cut when the gateway stops. */
const CLOSE_SPREAD_MS = 2_000;
const UNAVAILABLE = 'The stream service cannot be reached: try again.';

export interface ProxyStreamForwarderOptions {
  readonly relayUrls: readonly string[];
  readonly trustProxy: boolean;
  readonly logger: GatewayLogger;
  readonly answerTimeoutMs?: number;
  /** In [0, 1). */
  readonly random?: () => number;
}

/** What to do with what a relay answers. */
interface Client {
  readonly request: IncomingMessage;
  readonly isUpgrade: boolean;
  readonly isGone: () => boolean;
  readonly onAnswer: (upstream: ClientRequest) => void;
  readonly onUnavailable: () => void;
}

interface OpenStream {
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

export class ProxyStreamForwarder implements StreamForwarder {
  private readonly relays: readonly URL[];
  private readonly open = new Set<OpenStream>();
  private turn = 0;
  private isClosing = false;

  constructor(private readonly options: ProxyStreamForwarderOptions) {
    this.relays = options.relayUrls.map((url) => new URL(url));
  }

  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    // Not by an answer: a browser's EventSource comes back from a connection that breaks off, but not from a 5xx.
    if (this.isClosing) return void response.destroy();
    this.track(response);
    response.on('error', () => response.destroy());
    const onAnswer = (upstream: ClientRequest) => {
      response.once('close', () => upstream.destroy());
      upstream.once('response', (answer) => passAnswerOn(answer, response));
    };
    const onUnavailable = () => {
      response.writeHead(502, { 'content-type': 'application/json', 'retry-after': '1' });
      response.end(JSON.stringify({ message: UNAVAILABLE }));
    };
    this.forward({ request, isUpgrade: false, isGone: () => response.destroyed, onAnswer, onUnavailable });
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.isClosing) return void socket.destroy();
    this.track(socket);
    socket.on('error', () => socket.destroy());
    const onAnswer = (upstream: ClientRequest) => {
      socket.once('close', () => upstream.destroy());
      upstream.once('upgrade', (answer, relaySocket, relayHead) => {
        relaySocket.on('error', () => relaySocket.destroy());
        relaySocket.once('close', () => socket.destroy());
        socket.once('close', () => relaySocket.destroy());
        socket.write(rawHead(answer, 'HTTP/1.1 101 Switching Protocols'));
        if (relayHead.length > 0) socket.write(relayHead);
        if (head.length > 0) relaySocket.write(head);
        relaySocket.pipe(socket).pipe(relaySocket);
      });
      upstream.once('response', (answer) => {
        socket.write(rawHead(answer, `HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}`));
        answer.pipe(socket);
      });
    };
    const onUnavailable = () => refuseUpgrade(socket, 502, UNAVAILABLE);
    this.forward({ request, isUpgrade: true, isGone: () => socket.destroyed, onAnswer, onUnavailable });
  }

  /** Takes no more streams, and resolves when every one has ended, so that the process can stop: spread over up to `withinMs`. */
  async close({ withinMs = CLOSE_SPREAD_MS } = {}): Promise<void> {
    const { random = Math.random } = this.options;
    this.isClosing = true;
    const spreadMs = Math.min(withinMs, CLOSE_SPREAD_MS);
    const end = async (stream: OpenStream): Promise<void> => {
      const isOver = new Promise<void>((resolve) => stream.once('close', resolve));
      const cut = setTimeout(() => stream.destroy(), random() * spreadMs);
      await isOver;
      clearTimeout(cut);
    };
    await Promise.all([...this.open].map(end));
  }

  private track(stream: OpenStream): void {
    this.open.add(stream);
    stream.once('close', () => this.open.delete(stream));
  }

  private forward(client: Client): void {
    const first = this.turn++;
    const next = (attempt: number): void => {
      const relay = this.relays[(first + attempt) % this.relays.length];
      if (client.isGone()) return;
      if (relay === undefined || attempt >= this.relays.length) client.onUnavailable();
      else this.ask(relay, { client, onFailed: () => next(attempt + 1) });
    };
    next(0);
  }

  private ask(relay: URL, input: { client: Client; onFailed: () => void }): void {
    const { client, onFailed } = input;
    const { request } = client;
    const headers = towardsRelay(request, this.options);
    if (client.isUpgrade) Object.assign(headers, { connection: 'Upgrade', upgrade: 'websocket' });
    const send = relay.protocol === 'https:' ? httpsRequest : httpRequest;
    const url = new URL(relay);
    const upstream = send(url, { method: request.method, path: request.url, headers, agent: false });
    const tooLate = setTimeout(
      () => upstream.destroy(new Error('the relay did not answer in time')),
      this.options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
    );
    let isAnswered = false;
    const settle = () => {
      isAnswered = true;
      clearTimeout(tooLate);
    };
    upstream.once('response', settle).once('upgrade', settle);
    upstream.on('error', (error) => {
      clearTimeout(tooLate);
      if (isAnswered || client.isGone()) return;
      this.options.logger.warn({ err: error, relay: relay.origin }, 'relay passed over');
      onFailed();
    });
    client.onAnswer(upstream);
    upstream.end();
  }
}

function passAnswerOn(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
  response.flushHeaders();
  answer.pipe(response);
  // An answer that was cut off is cut off for the client too: a clean end would look complete.
  answer.once('close', () => (answer.complete ? undefined : response.destroy()));
}

/** The head of an answer as bytes. Without 101 the end of the connection ends the body. */
function rawHead(answer: IncomingMessage, statusLine: string): string {
  const isSwitch = answer.statusCode === 101;
  const headers = { ...endToEnd(answer.headers), connection: isSwitch ? 'Upgrade' : 'close' };
  if (isSwitch) Object.assign(headers, { upgrade: answer.headers.upgrade ?? 'websocket' });
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => `${name}: ${String(one)}`),
  );
  return [statusLine, ...lines, '', ''].join('\r\n');
}
