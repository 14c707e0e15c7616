/**
 * gitsync as one thing to start and stop: the worker, what it listens to on the bus, and a small Nest app for health and metrics.
 * Postgres and the bus are given, and outlive it.
 */
import { randomUUID } from 'node:crypto';
import type { Bus, Subscription } from '@parley/bus';
import { subjects, systemClock, type Clock } from '@parley/contracts';
import { sql, type Database } from '@parley/database';
import type { TokenSealer } from '@parley/diff-status';
import {
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
import { GitsyncModule } from './gitsync.module';
import { createGitsyncMetrics } from './metrics';
import { GitProviders, type GitProviderSettings } from './provider/git-providers';
import { Refresher } from './refresh/refresher';
import { AccountTokens } from './tokens/account-tokens';
import { GitsyncWorker } from './worker';

/** Jobs in flight; the calls they make are bounded by the worker. */
const MAX_JOBS = 10;
const JOB_ACK_WAIT_MS = 60_000;
const PING = sql('gitsync_ping', 'select 1');

export interface GitsyncDependencies {
  readonly database: Database;
  readonly bus: Bus;
  /** `SecretBox` of libs/identity. */
  readonly sealer: TokenSealer;
  readonly providers: readonly GitProviderSettings[];
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Default: the system's. */
  readonly clock?: Clock;
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

export class GitsyncApp {
  readonly worker: GitsyncWorker;
  private readonly stopping = new AbortController();
  private readonly subscriptions: Subscription[] = [];
  private nest: NestFastifyApplication | null = null;

  private readonly bus: Bus;

  constructor(private readonly dependencies: GitsyncDependencies) {
    const { database, sealer, logger, clock = systemClock, tracer = NO_TRACER } = dependencies;
    const bus = tracedBus(dependencies.bus, tracer);
    this.bus = bus;
    const metrics = createGitsyncMetrics(dependencies.metrics);
    const own = { database, clock, logger, metrics, createId: randomUUID };
    const tokens = new AccountTokens({ ...own, sealer, random: Math.random });
    const providers = GitProviders.fromSettings(dependencies.providers, { clock, metrics });
    this.worker = new GitsyncWorker({ ...own, refresher: new Refresher({ ...own, bus, providers, tokens }) });
  }

  /** Resolves when it works. Without an address health and metrics are not served. @throws when the bus is away, or the port taken */
  async start(address: ListenAddress | null): Promise<void> {
    const { database, logger, metrics, isDebuggable = false } = this.dependencies;
    const readiness = new Readiness({
      signal: this.stopping.signal,
      checks: [{ name: 'database', check: async () => void (await database.query(PING, [])) }],
    });
    const adapter = new FastifyAdapter();
    serveDebug(adapter.getInstance(), { isEnabled: isDebuggable, signal: this.stopping.signal });
    this.nest = await NestFactory.create<NestFastifyApplication>(
      GitsyncModule.create({ metrics, readiness }),
      adapter,
      { logger: new NestLogger(logger), abortOnError: false },
    );
    await this.listen();
    this.worker.start();
    if (address === null) await this.nest.init();
    else await this.nest.listen(address.port, address.host);
    logger.info({}, 'Works');
  }

  /** The address of health and metrics. */
  async url(): Promise<string> {
    return (await this.nest?.getUrl()) ?? '';
  }

  /** Not ready from now on; calls in flight are aborted and their rows given back. */
  async stop(): Promise<void> {
    this.stopping.abort();
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    await this.worker.stop();
    await Promise.all(this.subscriptions.splice(0).map((subscription) => subscription.drain()));
    await this.nest?.close();
  }

  private async listen(): Promise<void> {
    const { bus, worker } = this;
    this.subscriptions.push(
      await bus
        .workQueue(subjects.gitRefreshRequested())
        .consume(({ chat_id }) => worker.refreshChat(chat_id), {
          concurrency: MAX_JOBS,
          ackWaitMs: JOB_ACK_WAIT_MS,
        }),
      await bus.respond(subjects.gitDiff(), ({ chat_id }) => worker.refreshDiff(chat_id), {
        queue: 'gitsync',
      }),
    );
  }
}

export function createGitsyncApp(dependencies: GitsyncDependencies): GitsyncApp {
  return new GitsyncApp(dependencies);
}
