/**
 * The chat worker as one thing to start and stop: the worker, the connections to its models, and a small Nest app for health,
 * metrics and changes of configuration. Postgres and the bus are given, and outlive it.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Bus } from '@parley/bus';
import { CachedChatSettings } from '@parley/chat-settings';
import { subjects, systemClock } from '@parley/contracts';
import type { Database } from '@parley/database';
import { PROVIDER_KEY_CONTEXT, userProviderKeyContext, type SecretBox } from '@parley/identity';
import { CheapModels, createModelClient, ModelCatalog, ProviderConnections } from '@parley/llm';
import {
  connectBus,
  NestLogger,
  NO_TRACER,
  Readiness,
  serveDebug,
  tracedBus,
  type ConfigOf,
  type Logger,
  type Metrics,
  type Tracer,
} from '@parley/service';
import { UsageLimits } from '@parley/spend';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ChatWorkerModule } from './chat-worker.module';
import type { workerConfig } from './config';
import { createWorkerMetrics, registerGauges } from './metrics';
import type { LocalTool } from './tools/local-tool';
import { Worker } from './worker';
import type { WorkerOptions } from './worker-options';

export interface ChatWorkerDependencies {
  readonly database: Database;
  readonly bus: Bus;
  readonly secretBox: SecretBox;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly config: ConfigOf<typeof workerConfig>;
  /** Default: none. */
  readonly tools?: readonly LocalTool[];
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

export class ChatWorkerApp {
  readonly worker: Worker;
  private readonly connections = new ProviderConnections();
  private readonly models: ModelCatalog;
  private readonly chatSettings: CachedChatSettings;
  private readonly cheapModels: CheapModels;
  private readonly limits: UsageLimits;
  private readonly stopping = new AbortController();
  private nest: NestFastifyApplication | null = null;
  private stopListening = (): void => undefined;

  constructor(private readonly dependencies: ChatWorkerDependencies) {
    const { bus, database, logger, metrics, secretBox } = dependencies;
    const { connections } = this;
    this.models = new ModelCatalog({
      database,
      clock: systemClock,
      createClient: (connection) => createModelClient(connection, { connections }),
      decryptSecret: ({ encrypted: ciphertext, keyId, userId }) =>
        secretBox.open(
          { ciphertext, keyId },
          userId === undefined ? PROVIDER_KEY_CONTEXT : userProviderKeyContext(userId),
        ),
    });
    this.chatSettings = new CachedChatSettings({ database, now: () => systemClock.now() });
    this.cheapModels = new CheapModels({ database, now: () => systemClock.now() });
    this.limits = new UsageLimits({ database, logger });
    const { models, chatSettings, cheapModels, limits } = this;
    this.worker = createWorker(dependencies, { models, chatSettings, cheapModels, limits });
    registerGauges(metrics, { database, bus, worker: this.worker });
  }

  /** Resolves when the worker works. Without an address health and metrics are not served. @throws when Postgres is away, or the port taken */
  async start(address: ListenAddress | null): Promise<void> {
    const { bus, logger, metrics, isDebuggable = false } = this.dependencies;
    const readiness = new Readiness({
      signal: this.stopping.signal,
      checks: [{ name: 'lease', check: () => assertLease(this.worker) }],
    });
    const adapter = new FastifyAdapter();
    serveDebug(adapter.getInstance(), { isEnabled: isDebuggable, signal: this.stopping.signal });
    const nest = await NestFactory.create<NestFastifyApplication>(
      ChatWorkerModule.create({
        models: this.models,
        chatSettings: this.chatSettings,
        cheapModels: this.cheapModels,
        limits: this.limits,
        titleProposals: this.worker.titleProposals,
        metrics,
        readiness,
      }),
      adapter,
      { logger: new NestLogger(logger), abortOnError: false },
    );
    this.nest = nest;
    // A hint that was published while the bus was away is lost: nothing remembered from before is trusted.
    this.stopListening = bus.onReconnect(() => {
      this.models.invalidate();
      this.chatSettings.invalidate();
      this.cheapModels.invalidate();
      this.limits.invalidate();
    });
    connectBus(nest, {
      bus,
      subjects: [subjects.configChanged('*'), subjects.titlePropose(), subjects.titleProposalDropped()],
    });
    await nest.startAllMicroservices();
    await this.worker.start();
    if (address === null) await nest.init();
    else await nest.listen(address.port, address.host);
    logger.info({ worker_id: this.worker.workerId }, 'Works');
  }

  /** The address of health and metrics. */
  async url(): Promise<string> {
    return (await this.nest?.getUrl()) ?? '';
  }

  /** Not ready from now on; hands the chats over. Steps under way get `graceMs`, by default as configured. */
  async stop(graceMs: number = this.dependencies.config.shutdownGraceMs): Promise<void> {
    this.stopping.abort();
    await this.worker.stop(graceMs);
    this.stopListening();
    await this.nest?.close();
    this.connections.close();
  }
}

export function createChatWorkerApp(dependencies: ChatWorkerDependencies): ChatWorkerApp {
  return new ChatWorkerApp(dependencies);
}

function createWorker(
  { database, bus, logger, metrics, config, tools = [], tracer = NO_TRACER }: ChatWorkerDependencies,
  caches: Pick<WorkerOptions, 'models' | 'chatSettings' | 'cheapModels' | 'limits'>,
): Worker {
  return new Worker({
    database,
    bus: tracedBus(bus, tracer),
    tracer,
    ...caches,
    tools,
    clock: systemClock,
    monotonicNow: () => performance.now(),
    random: Math.random,
    createId: randomUUID,
    hostname: hostname(),
    leaseMs: config.workerLeaseMs,
    settings: {
      acquireBatchSize: config.chatAcquireBatchSize,
      sweepMs: config.chatSweepMs,
      maxChats: config.workerMaxChats,
      maxIdleChats: config.workerMaxIdleChats,
      idleOwnershipMs: config.chatIdleOwnershipMs,
      transcriptCacheBytes: config.workerTranscriptCacheBytes,
      maxAuxiliaryCalls: config.workerMaxAuxiliaryCalls,
      turnLabels: config.chatTurnLabels,
      chatTitles: config.chatTitles,
      chatSummaries: config.chatSummaries,
    },
    logger,
    metrics: createWorkerMetrics(metrics),
  });
}

function assertLease(worker: Worker): void {
  if (!worker.holdsLease) throw new Error('The lease could not be renewed: is Postgres there?');
}
