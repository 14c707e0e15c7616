/** The connections to one address: so many for requests, the one that was used last first, and one apart for each stream. */
import { type Address, type Exchange, HttpConnection } from './http-connection';

export interface PooledExchange extends Omit<Exchange, 'onOver'> {
  /** @param isStale the connection had rested, and the server's end of it was on its way before the request was */
  readonly onOver: (error: unknown, isStale: boolean) => void;
}

interface InFlight {
  readonly connection: HttpConnection;
  readonly givesUpAtMs: number;
}

const CHECK_MS = 1_000;

export class ConnectionPool {
  private readonly resting: HttpConnection[] = [];
  private readonly inFlight = new Set<InFlight>();
  private readonly streams = new Set<HttpConnection>();
  private readonly waiting: PooledExchange[] = [];
  private readonly timer: NodeJS.Timeout;
  private isClosed = false;
  private opened = 0;

  constructor(
    readonly address: Address,
    private readonly options: { readonly maxSockets: number; readonly timeoutMs: number },
  ) {
    this.timer = setInterval(() => this.giveUpLate(), CHECK_MS);
    this.timer.unref();
  }

  /** Waits for its turn when all connections are taken. */
  exchange(exchange: PooledExchange): void {
    if (this.isClosed) return exchange.onOver(new Error('the client is closed'), false);
    const resting = this.takeResting();
    if (resting !== undefined) return this.begin(resting, exchange);
    if (this.opened >= this.options.maxSockets) return void this.waiting.push(exchange);
    this.begin(this.connect(), exchange);
  }

  /** An exchange on a connection of its own. */
  stream(exchange: Exchange): HttpConnection {
    const connection = new HttpConnection(this.address, {
      onRest: () => connection.destroy(),
      onGone: () => this.streams.delete(connection),
    });
    this.streams.add(connection);
    connection.send(exchange);
    return connection;
  }

  close(): void {
    this.isClosed = true;
    clearInterval(this.timer);
    for (const { onOver } of this.waiting.splice(0)) onOver(new Error('the client is closed'), false);
    const taken = [...this.inFlight].map(({ connection }) => connection);
    for (const connection of [...this.resting, ...taken, ...this.streams]) connection.destroy();
  }

  private takeResting(): HttpConnection | undefined {
    for (let found = this.resting.pop(); found !== undefined; found = this.resting.pop())
      if (!found.isGone) return found;
    return undefined;
  }

  private connect(): HttpConnection {
    this.opened += 1;
    return new HttpConnection(this.address, {
      onRest: (connection) => this.rest(connection),
      onGone: (connection) => this.gone(connection),
    });
  }

  private begin(connection: HttpConnection, { onOver, ...exchange }: PooledExchange): void {
    const flight = { connection, givesUpAtMs: performance.now() + this.options.timeoutMs };
    this.inFlight.add(flight);
    connection.send({
      ...exchange,
      onOver: (error) => {
        this.inFlight.delete(flight);
        onOver(error, connection.isStale);
      },
    });
  }

  private rest(connection: HttpConnection): void {
    const next = this.waiting.shift();
    if (next === undefined) this.resting.push(connection);
    else this.begin(connection, next);
  }

  private gone(connection: HttpConnection): void {
    this.opened -= 1;
    const at = this.resting.indexOf(connection);
    if (at >= 0) this.resting.splice(at, 1);
    const next = this.isClosed ? undefined : this.waiting.shift();
    if (next !== undefined) this.begin(this.connect(), next);
  }

  private giveUpLate(): void {
    const now = performance.now();
    for (const { connection, givesUpAtMs } of this.inFlight)
      if (givesUpAtMs <= now) connection.destroy(new Error(`no reply within ${this.options.timeoutMs} ms`));
  }
}
