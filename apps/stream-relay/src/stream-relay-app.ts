/**
 * The relay as one thing to start and stop: the relay itself, and a small Nest app for health, metrics and changes of tokens.
 * With an address it serves streams on its own; without one it takes them from whoever calls `handleRequest` and
 * `handleUpgrade`. Postgres and the bus are given, and outlive it.
 */
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import type { Bus } from '@parley/bus';
import { subjects } from '@parley/contracts';
import { sql, type Database } from '@parley/database';
import type { Identity } from '@parley/identity';
import {
  LISTEN_BACKLOG,
  connectBus,
  exposeBus,
  exposeDatabase,
  NestLogger,
  NO_TRACER,
  Readiness,
  serveDebug,
  tracedBus,
  type Logger,
  type Metrics,
  type Tracer,
} from '@parley/service';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { settingsOf, type RelayConfig } from './config';
import { exportRelayMetrics } from './relay-metrics-export';
import { StreamRelay } from './stream-relay';
import { StreamRelayModule } from './stream-relay.module';
import { isStreamPath } from './stream-request';

export interface StreamRelayAppDependencies {
  readonly database: Database;
  readonly bus: Bus;
  readonly identity: Identity;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly config: RelayConfig;
  /** Default: none. */
  readonly tracer?: Tracer;
  /** Serve profiles and heap snapshots to this machine. */
  readonly isDebuggable?: boolean;
}

export interface ListenAddress {
  readonly host: string;
  /** 0: the system chooses. */
  readonly port: number;
}

const PING = sql('stream_relay_ping', 'select 1');

export class StreamRelayApp {
  readonly relay: StreamRelay;
  private readonly stopping = new AbortController();
  private nest: NestFastifyApplication | null = null;
  private stopListening: (() => void) | undefined;

  constructor(private readonly dependencies: StreamRelayAppDependencies) {
    const { database, identity, logger, metrics, config, tracer = NO_TRACER } = dependencies;
    const bus = tracedBus(dependencies.bus, tracer);
    this.relay = new StreamRelay({ database, bus, identity, logger, settings: settingsOf(config) });
    exportRelayMetrics(metrics, this.relay);
    exposeDatabase(metrics, database);
    exposeBus(metrics, dependencies.bus);
  }

  /** Resolves when streams may come. Without an address health and metrics are not served. @throws when the port is taken */
  async start(address: ListenAddress | null = null): Promise<void> {
    const { bus, database, identity, logger, metrics, isDebuggable = false } = this.dependencies;
    const { relay } = this;
    const readiness = new Readiness({
      signal: this.stopping.signal,
      checks: [{ name: 'database', check: async () => void (await database.query(PING, [])) }],
    });
    const adapter = new FastifyAdapter({
      serverFactory: (handler: RequestListener) => serverBeside(relay, handler),
    });
    serveDebug(adapter.getInstance(), { isEnabled: isDebuggable, signal: this.stopping.signal });
    const nest = await NestFactory.create<NestFastifyApplication>(
      StreamRelayModule.create({ relay, identity, metrics, readiness }),
      adapter,
      { logger: new NestLogger(logger), abortOnError: false },
    );
    this.nest = nest;
    connectBus(nest, { bus, subjects: [subjects.configChanged('*')] });
    // A hint that was published while the bus was away is lost: nothing remembered from before is trusted.
    this.stopListening = bus.onReconnect(() => {
      identity.invalidate();
      relay.credentialsUnknown();
    });
    await nest.startAllMicroservices();
    relay.start();
    if (address === null) await nest.init();
    else await nest.listen({ ...address, backlog: LISTEN_BACKLOG });
  }

  /** Answers a stream request completely, errors included. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    this.relay.handleRequest(request, response);
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.relay.handleUpgrade(request, socket, head);
  }

  /** The address of streams, health and metrics. */
  async url(): Promise<string> {
    return (await this.nest?.getUrl()) ?? '';
  }

  /** Not ready from now on; every viewer is sent elsewhere, and then it closes. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.stopListening?.();
    // First of all: a browser's EventSource comes back from a connection refused, but not from an answer of 503.
    const server = this.nest?.getHttpServer();
    if (server?.listening === true) server.close();
    await this.relay.stop();
    await this.nest?.close();
  }
}

export function createStreamRelay(dependencies: StreamRelayAppDependencies): StreamRelayApp {
  return new StreamRelayApp(dependencies);
}

/** Streams go to the relay as they are; all else to Fastify. */
function serverBeside(relay: StreamRelay, handler: RequestListener): Server {
  const server = createServer((request, response) => {
    if (isStreamPath(request.url)) relay.handleRequest(request, response);
    else void handler(request, response);
  });
  server.on('upgrade', (request, socket, head) => relay.handleUpgrade(request, socket, head));
  return server;
}
