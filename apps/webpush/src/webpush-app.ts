/**
 * Webpush as one thing to start and stop: it tells the browsers of a chat's owner when a turn ended. Postgres, the bus and the
 * key-value store are given, and outlive it. Any number of replicas share the work.
 */
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Bus } from '@parley/bus';
import { subjects, type Subject } from '@parley/contracts';
import { sql, type Database } from '@parley/database';
import type { SecretBox } from '@parley/identity';
import type { KeyValue } from '@parley/key-value';
import {
  connectBus,
  NestLogger,
  NO_TRACER,
  Readiness,
  serveDebug,
  tracedBus,
  type Logger,
  type Metrics,
  type Tracer,
} from '@parley/service';
import type { WebpushSettings } from './config';
import type { ResolveAll } from './endpoint/guarded-lookup';
import { buildWebpushParts, type WebpushParts } from './webpush-parts';
import { WebpushModule } from './webpush.module';

export interface WebpushDependencies {
  readonly database: Database;
  readonly bus: Bus;
  readonly keyValue: KeyValue;
  readonly secretBox: SecretBox;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly config: WebpushSettings;
  /** Certificates that push services may have in place of those that the system trusts, in PEM. */
  readonly ca?: string;
  /** Resolves the names of push services; default: the system. */
  readonly resolve?: ResolveAll;
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

const PING = sql('webpush_ping', 'select 1');
/** What pushes under way get at a stop, beyond the longest that one may take. */
const STOP_MARGIN_MS = 2_000;

const HANDLED: readonly Subject<unknown, unknown>[] = [
  subjects.pushTurnFinished(),
  subjects.webpushSubscribe(),
  subjects.webpushUnsubscribe(),
  subjects.webpushTest(),
  subjects.webpushKey(),
  subjects.configChanged('subscriptions'),
];

export class WebpushApp {
  private readonly parts: WebpushParts;
  /** Not ready any more, and no further round. */
  private readonly stopping = new AbortController();
  /** Ends what is under way. */
  private readonly cutting = new AbortController();
  private nest: NestFastifyApplication | null = null;
  private rounds: Promise<void> = Promise.resolve();
  private stopListening: (() => void) | null = null;

  private readonly dependencies: WebpushDependencies;

  constructor(given: WebpushDependencies) {
    this.dependencies = { ...given, bus: tracedBus(given.bus, given.tracer ?? NO_TRACER) };
    this.parts = buildWebpushParts(this.dependencies, this.cutting.signal);
  }

  /** Resolves when it works. Without an address health and metrics are not served. Throws when Postgres or NATS is away, or the port taken. */
  async start(address: ListenAddress | null): Promise<void> {
    const { bus, logger, metrics, database, isDebuggable = false } = this.dependencies;
    await this.parts.keys.current();
    const readiness = new Readiness({
      signal: this.stopping.signal,
      checks: [{ name: 'database', check: async () => void (await database.query(PING, [])) }],
    });
    const adapter = new FastifyAdapter();
    serveDebug(adapter.getInstance(), { isEnabled: isDebuggable, signal: this.stopping.signal });
    const nest = await NestFactory.create<NestFastifyApplication>(
      WebpushModule.create({ parts: this.parts, metrics, readiness }),
      adapter,
      { logger: new NestLogger(logger), abortOnError: false },
    );
    this.nest = nest;
    connectBus(nest, { bus, subjects: HANDLED });
    await nest.startAllMicroservices();
    // What was invalidated while the bus was away was missed.
    this.stopListening = bus.onReconnect(() => this.parts.book.invalidate());
    this.rounds = this.parts.lostTurnEnds.run(this.stopping.signal);
    if (address === null) await nest.init();
    else await nest.listen(address.port, address.host);
    logger.info({}, 'Webpush works');
  }

  /** The address of health and metrics. */
  async url(): Promise<string> {
    return (await this.nest?.getUrl()) ?? '';
  }

  /** Takes no more jobs, lets pushes under way end, and closes its connections. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.stopListening?.();
    const patienceMs = this.dependencies.config.webpushSendTimeoutMs + STOP_MARGIN_MS;
    const impatience = setTimeout(() => this.cutting.abort(new Error('Webpush stops')), patienceMs);
    await this.nest?.close();
    await this.rounds;
    clearTimeout(impatience);
    this.parts.transport.close();
  }
}

export function createWebpushApp(dependencies: WebpushDependencies): WebpushApp {
  return new WebpushApp(dependencies);
}
