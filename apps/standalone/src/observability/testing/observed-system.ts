/**
 * Gateway, worker and relay in one process, as three services would be: each with its own metrics, its own log and its own tracer, all
 * tracers writing to one file. Between them an in-process bus; behind them a throwaway Postgres and the mock.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInProcessBus, type Bus } from '@parley/bus';
import { createChatWorkerApp, defineTool, workerConfig, type ChatWorkerApp } from '@parley/chat-worker';
import { ParleyClient } from '@parley/client';
import { Database } from '@parley/database';
import { createGatewayApp, gatewayReadinessChecks } from '@parley/gateway';
import { Identity, SecretBox } from '@parley/identity';
import { createInProcessKeyValue } from '@parley/key-value';
import { LlmMock } from '@parley/llmmock';
import {
  createLogger,
  loadConfig,
  type Logger,
  Metrics,
  parseTraceFile,
  Readiness,
  type RecordedSpan,
  startTracing,
  type Tracer,
} from '@parley/service';
import { createStreamRelay, relayConfig, type StreamRelayApp } from '@parley/stream-relay';
import { createTestDatabase } from '@parley/testing';
import { z } from 'zod';

export type ServiceName = 'gateway' | 'chat-worker' | 'stream-relay';

interface Surroundings {
  readonly database: Database;
  readonly bus: Bus;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

const secretBox = SecretBox.fromKeys([Buffer.alloc(32, 7)]);

export class ObservedSystem {
  readonly metrics = new Map<ServiceName, Metrics>();
  readonly logs: string[] = [];
  client = new ParleyClient({ baseUrl: 'http://unset' });
  organizationId = '';
  private readonly stops: (() => unknown)[] = [];
  private readonly flushes: (() => Promise<void>)[] = [];
  private worker: ChatWorkerApp | undefined;
  private traceFile = '';
  private databaseUrl = '';
  private readonly bus = createInProcessBus();

  static async start(): Promise<ObservedSystem> {
    const system = new ObservedSystem();
    try {
      await system.open();
      return system;
    } catch (error) {
      await system.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    for (let stop = this.stops.pop(); stop !== undefined; stop = this.stops.pop()) await stop();
  }

  /** Its metrics can still be scraped. */
  async stopWorker(): Promise<void> {
    await this.worker?.stop(0);
    this.worker = undefined;
  }

  /** All spans so far. Tracing ends with it. */
  async endTraces(): Promise<RecordedSpan[]> {
    await Promise.all(this.flushes.map((flush) => flush()));
    return parseTraceFile(await readFile(this.traceFile, 'utf8'));
  }

  /** The trace file as it is. */
  async rawTraces(): Promise<string> {
    return readFile(this.traceFile, 'utf8');
  }

  private async open(): Promise<void> {
    const scratch = await mkdtemp(join(tmpdir(), 'parley-traces-'));
    this.stops.push(() => rm(scratch, { recursive: true, force: true }));
    this.traceFile = join(scratch, 'traces.jsonl');
    const testDatabase = await createTestDatabase();
    this.databaseUrl = testDatabase.url;
    this.stops.push(() => testDatabase.drop());
    const mock = new LlmMock();
    const { url: mockUrl } = await mock.start();
    this.stops.push(() => mock.stop());
    this.stops.push(() => this.bus.drain());
    const relay = await this.openRelay();
    await this.openWorker();
    await this.openGateway(relay);
    await this.provision(mockUrl);
  }

  private async surroundingsOf(service: ServiceName): Promise<Surroundings> {
    const metrics = new Metrics().collectProcess();
    this.metrics.set(service, metrics);
    const exporter = { type: 'file', path: this.traceFile } as const;
    const tracing = await startTracing({ serviceName: service, exporter, sample: 1 });
    this.flushes.push(() => tracing.stop());
    const destination = { write: (line: string): void => void this.logs.push(line) };
    const database = await Database.open({ url: this.databaseUrl, poolSize: 4, applicationName: service });
    this.stops.push(() => database.close());
    const logger = createLogger({ name: service, level: 'debug', destination });
    return { database, bus: this.bus, logger, metrics, tracer: tracing.tracer };
  }

  private async openRelay(): Promise<StreamRelayApp> {
    const own = await this.surroundingsOf('stream-relay');
    const identity = new Identity({ database: own.database, bus: own.bus });
    const relay = createStreamRelay({ ...own, identity, config: loadConfig(relayConfig, { env: {} }) });
    await relay.start();
    this.stops.push(() => relay.stop());
    return relay;
  }

  private async openWorker(): Promise<void> {
    const clock = defineTool({
      name: 'clock',
      description: 'The time',
      input: z.object({}),
      annotations: { isReadOnly: true },
      run: () => Promise.resolve({ time: 'noon' }),
    });
    // A sweep that comes first, on a machine that stalls, would take the chat outside of any trace.
    const config = loadConfig(workerConfig, { env: { CHAT_SWEEP_MS: '60000' } });
    const own = await this.surroundingsOf('chat-worker');
    const worker = createChatWorkerApp({ ...own, secretBox, config, tools: [clock] });
    await worker.start(null);
    this.stops.push(() => this.stopWorker());
    this.worker = worker;
  }

  private async openGateway(streamForwarder: StreamRelayApp): Promise<void> {
    const own = await this.surroundingsOf('gateway');
    const { database, bus } = own;
    const keyValue = createInProcessKeyValue();
    this.stops.push(() => keyValue.close());
    const identity = new Identity({ database, bus });
    const gateway = await createGatewayApp({
      ...own,
      identity,
      keyValue,
      secretBox,
      streamForwarder,
      readiness: new Readiness({
        signal: new AbortController().signal,
        checks: gatewayReadinessChecks({ database }),
      }),
      settings: { apiRateLimit: 0, loginRateLimit: 0, trustProxy: false },
    });
    this.stops.push(() => gateway.close());
    await gateway.listen(0, '127.0.0.1');
    const admin = {
      email: 'admin@example.com',
      username: 'admin',
      name: 'Admin',
      password: 'admin password',
    };
    const { userId, organizationId } = await identity.createFirstUser(admin);
    const { token } = await identity.createToken({ userId });
    this.organizationId = organizationId;
    this.client = new ParleyClient({ baseUrl: await gateway.getUrl(), token });
  }

  private async provision(mockUrl: string): Promise<void> {
    const provider = await this.client.call<{ id: string }>('POST', '/chats/providers', {
      type: 'openai-compat',
      name: 'mock',
      api_key: 'any',
      base_url: `${mockUrl}/v1`,
    });
    await this.client.call('POST', `/organizations/${this.organizationId}/chats/models`, {
      ai_provider_id: provider.id,
      model: 'mock-1',
      context_limit: 100_000,
    });
  }
}
