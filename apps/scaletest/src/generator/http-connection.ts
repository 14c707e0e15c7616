/** One connection to a server, which carries one exchange at a time: a request as text, and the reply to it. */
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { MalformedReplyError, type ReplyHead, ReplyParser } from './reply-parser';

export interface Address {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** Before each path. */
  readonly prefix: string;
  /** For the header `host`. */
  readonly authority: string;
}

export interface Exchange {
  readonly request: string;
  readonly onHead: (head: ReplyHead) => void;
  readonly onText: (text: string) => void;
  /** Called once: without an error when the reply was whole. */
  readonly onOver: (error?: unknown) => void;
}

export interface ConnectionLife {
  /** An exchange is over, and the next one may come. */
  readonly onRest: (connection: HttpConnection) => void;
  readonly onGone: (connection: HttpConnection) => void;
}

/** A server may end a connection that rests; one that was at work just now it may not. */
const RESTED_MS = 1_000;
/** What is read is taken at once, so that all connections read into one place. */
const READ_BUFFER = Buffer.allocUnsafe(64 * 1024);

export class HttpConnection {
  private readonly socket: Socket;
  private readonly parser: ReplyParser;
  private exchange: Exchange | undefined;
  private isKept = true;
  private error: unknown;
  /** When it last had nothing to do; 0 while it never has. */
  private restsSinceMs = 0;
  private hasRested = false;
  private hasBegun = false;

  constructor(
    address: Address,
    private readonly life: ConnectionLife,
  ) {
    const { host, port, isSecure } = address;
    const onread = {
      buffer: () => READ_BUFFER,
      callback: (length: number, bytes: Uint8Array): boolean => this.read(length, bytes),
    };
    const options = { host, port, noDelay: true, onread };
    this.socket = isSecure
      ? connectSecurely({ ...options, ...(isIP(host) === 0 ? { servername: host } : {}) })
      : connect(options);
    this.parser = new ReplyParser({
      onHead: (head) => {
        this.isKept = head.isKept;
        this.exchange?.onHead(head);
      },
      onText: (text) => this.exchange?.onText(text),
      onEnd: () => this.finish(),
    });
    this.socket.on('error', (error) => (this.error ??= error));
    // Nothing comes this way but the end, which has to be read to be told.
    this.socket.on('end', () => this.socket.destroy());
    this.socket.on('close', () => this.gone());
    this.socket.resume();
  }

  get isGone(): boolean {
    return this.socket.destroyed;
  }

  /** The exchange began on a connection that had rested, and not a byte of the reply has come: the two ends missed each other. */
  get isStale(): boolean {
    return this.hasRested && !this.hasBegun;
  }

  send(exchange: Exchange): void {
    this.exchange = exchange;
    this.hasBegun = false;
    this.hasRested = this.restsSinceMs > 0 && performance.now() - this.restsSinceMs >= RESTED_MS;
    this.socket.write(exchange.request);
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  get isPaused(): boolean {
    return this.socket.isPaused();
  }

  destroy(error?: Error): void {
    this.error ??= error;
    this.socket.destroy();
  }

  private read(length: number, bytes: Uint8Array): boolean {
    this.hasBegun = true;
    try {
      this.parser.push(bytes as Buffer, length);
    } catch (error) {
      // Whatever else is thrown is a fault of ours.
      if (!(error instanceof MalformedReplyError)) throw error;
      this.destroy(error);
    }
    return true;
  }

  private finish(): void {
    const { exchange } = this;
    this.exchange = undefined;
    this.restsSinceMs = performance.now();
    // A reply that nobody asked for is none.
    if (this.isKept && exchange !== undefined) this.life.onRest(this);
    else this.socket.destroy();
    exchange?.onOver();
  }

  private gone(): void {
    this.life.onGone(this);
    if (this.exchange !== undefined && this.error === undefined && this.parser.end()) return;
    const { exchange } = this;
    this.exchange = undefined;
    exchange?.onOver(this.error ?? new Error('the connection ended'));
  }
}
