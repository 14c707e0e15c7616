/**
 * The connection to NATS: it comes back for ever, with jitter, and says when it is gone.
 *
 * While it is away, what is published is dropped, and so is what a stalled server would make pile up beyond
 * MAX_UNCONFIRMED_BYTES: core messages are hints, and a reader that missed some reads Postgres. Subscriptions are kept by the client
 * and are in place again before `onReconnect` is told.
 *
 * What one turn of the event loop publishes goes out together: the client would write to its socket, and wake the server, for each message.
 */
import { connect, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as wait } from 'node:timers/promises';
import type { BusLogger } from './bus';
import { BusClosedError } from './errors';

const CONFIRM_EVERY_BYTES = 1024 * 1024;
const MAX_HELD_BYTES = 256 * 1024;
const MAX_UNCONFIRMED_BYTES = 64 * 1024 * 1024;
const CONNECT_TIMEOUT_MS = 5_000;
const PING_INTERVAL_MS = 10_000;
const ATTEMPTS_PER_WARNING = 20;
const DEFAULT_MAX_PAYLOAD_BYTES = 1024 * 1024;

export interface NatsLinkOptions {
  /** One or more server addresses, separated by commas. */
  readonly url: string;
  readonly name: string;
  readonly logger: BusLogger;
  /** Ends the attempts to connect for the first time; later drops are ended by close(). */
  readonly signal?: AbortSignal;
}

export class NatsLink {
  private up = true;
  private maxPayload = DEFAULT_MAX_PAYLOAD_BYTES;
  private unconfirmedBytes = 0;
  private bytesSinceConfirm = 0;
  private dropped = 0;
  private held: { subject: string; data: Uint8Array }[] = [];
  private heldBytes = 0;
  private nextFlush: Promise<void> | undefined;
  private readonly upListeners = new Set<() => void>();
  private readonly downListeners = new Set<() => void>();
  private readonly watching: Promise<void>;

  /** Tries until it succeeds; throws the signal's reason when that ends it first. */
  static async open(options: NatsLinkOptions): Promise<NatsLink> {
    for (let attempt = 0; ; attempt += 1) {
      options.signal?.throwIfAborted();
      try {
        const connection = await connectOnce(options);
        if (!options.signal?.aborted) return new NatsLink(connection, options.logger);
        await connection.close();
      } catch (error) {
        if (attempt % ATTEMPTS_PER_WARNING === 0) {
          const url = withoutPassword(options.url);
          options.logger.warn({ err: error, url }, 'NATS cannot be reached, trying again');
        }
        await wait(reconnectDelayMs(), undefined, options.signal ? { signal: options.signal } : {}).catch(
          () => undefined,
        );
      }
    }
  }

  private constructor(
    readonly connection: NatsConnection,
    private readonly logger: BusLogger,
  ) {
    this.maxPayload = connection.info?.max_payload ?? this.maxPayload;
    this.watching = this.watch();
  }

  get isUp(): boolean {
    return this.up && !this.connection.isClosed();
  }

  /** The server's limit for one message with its headers. */
  get maxPayloadBytes(): number {
    return this.maxPayload;
  }

  onUp(listener: () => void): () => void {
    this.upListeners.add(listener);
    return () => this.upListeners.delete(listener);
  }

  onDown(listener: () => void): () => void {
    this.downListeners.add(listener);
    return () => this.downListeners.delete(listener);
  }

  /** Sends or, while the server is away or stalled, drops. */
  publish(subject: string, data: Uint8Array, headers?: MsgHdrs): void {
    if (!this.isUp || this.unconfirmedBytes > MAX_UNCONFIRMED_BYTES) {
      if (this.dropped === 0) this.logger.warn({ subject }, 'NATS is away or stalled: messages are dropped');
      this.dropped += 1;
      return;
    }
    if (headers === undefined) this.hold(subject, data);
    else {
      this.sendHeld();
      this.connection.publish(subject, data, { headers });
    }
    this.unconfirmedBytes += data.length;
    this.bytesSinceConfirm += data.length;
    if (this.bytesSinceConfirm >= CONFIRM_EVERY_BYTES) this.confirm();
  }

  /** Hands what was published to the client. For whoever sends past `publish`, so that the order stays. */
  sendHeld(): void {
    const held = this.held;
    if (held.length === 0) return;
    this.held = [];
    this.heldBytes = 0;
    for (const { subject, data } of held) {
      // Closed or draining meanwhile: as lost as if it had been on its way.
      if (!this.connection.isClosed() && !this.connection.isDraining())
        this.connection.publish(subject, data);
    }
  }

  /** Resolves when the server has processed everything sent before, through any number of reconnects. Throws BusClosedError. */
  async flushed(): Promise<void> {
    for (;;) {
      await this.whenUp();
      try {
        await this.flush();
        return;
      } catch {
        if (this.connection.isClosed()) throw new BusClosedError();
      }
    }
  }

  /** Resolves while connected, else at the next reconnect. Throws BusClosedError. */
  async whenUp(): Promise<void> {
    while (!this.up) {
      if (this.connection.isClosed()) throw new BusClosedError();
      await new Promise<void>((resolve) => {
        const stop = this.onUp(() => {
          stop();
          resolve();
        });
      });
    }
    if (this.connection.isClosed()) throw new BusClosedError();
  }

  /** Sends what is pending, at most `flushMs`, and closes. */
  async close(flushMs: number): Promise<void> {
    if (this.isUp) {
      const abort = new AbortController();
      const timeout = wait(flushMs, undefined, { signal: abort.signal }).catch(() => undefined);
      await Promise.race([this.flush().catch(() => undefined), timeout]);
      abort.abort();
    }
    await this.connection.close();
    await this.watching;
    this.tell(this.upListeners);
  }

  private hold(subject: string, data: Uint8Array): void {
    this.held.push({ subject, data });
    this.heldBytes += data.length;
    if (this.heldBytes > MAX_HELD_BYTES) this.sendHeld();
    else if (this.held.length === 1) setImmediate(() => this.sendHeld());
  }

  /** Callers of one turn share one round trip. */
  private flush(): Promise<void> {
    this.nextFlush ??= Promise.resolve().then(() => {
      this.nextFlush = undefined;
      this.sendHeld();
      return this.connection.flush();
    });
    return this.nextFlush;
  }

  private confirm(): void {
    const bytes = this.bytesSinceConfirm;
    this.bytesSinceConfirm = 0;
    this.sendHeld();
    this.connection.flush().then(
      () => {
        this.unconfirmedBytes = Math.max(0, this.unconfirmedBytes - bytes);
        this.reportDropped();
      },
      () => undefined,
    );
  }

  private async watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') this.goDown();
      else if (status.type === 'reconnect') this.comeUp();
      else if (status.type === 'error') this.logger.error({ err: status.error }, 'NATS reported an error');
    }
    const error = await this.connection.closed();
    if (error) this.logger.error({ err: error }, 'The NATS connection closed for good');
  }

  private goDown(): void {
    if (!this.up) return;
    this.up = false;
    this.logger.warn({}, 'NATS disconnected');
    this.tell(this.downListeners);
  }

  private comeUp(): void {
    this.up = true;
    this.maxPayload = this.connection.info?.max_payload ?? this.maxPayload;
    this.unconfirmedBytes = 0;
    this.bytesSinceConfirm = 0;
    this.logger.info({}, 'NATS reconnected');
    this.reportDropped();
    this.tell(this.upListeners);
  }

  private reportDropped(): void {
    if (this.dropped > 0)
      this.logger.warn({ dropped: this.dropped }, 'Messages were dropped while NATS was away or stalled');
    this.dropped = 0;
  }

  private tell(listeners: ReadonlySet<() => void>): void {
    for (const listener of [...listeners]) listener();
  }
}

function connectOnce({ url, name }: NatsLinkOptions): Promise<NatsConnection> {
  return connect({
    servers: url.split(',').map((server) => server.trim()),
    name,
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: reconnectDelayMs,
    noAsyncTraces: true,
  });
}

/** Spread out so that all processes do not return in one instant. */
function reconnectDelayMs(): number {
  return 100 + Math.round(Math.random() * 900);
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/g, '//***@');
}
