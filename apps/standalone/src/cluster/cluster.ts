/**
 * The services as separate processes on this machine, with real Postgres, NATS and Redis, behind one port. For development, the
 * scaletest and chaos: each process can be killed, restarted on its port, or all of them rolled one by one, as a
 * deployment would.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerProcess } from '@parley/local-servers';
import { runMigrations } from '@parley/migrations';
import { FrontDoor } from './front-door';
import { serviceEnvironment, serviceMain, type ClusterEnvironment, type Role } from './service-environment';

export interface ClusterSize {
  gateways: number;
  workers: number;
  relays: number;
  /** Default 0. */
  webpush?: number;
  /** Default 0. */
  gitsync?: number;
}

export interface ClusterOptions {
  size: ClusterSize;
  environment: ClusterEnvironment;
  /** Of the one port in front; 0 takes a free one. */
  port: number;
  /** One log file a process goes here. */
  logDirectory: string;
  /** Starts a process again when it died without being told to. */
  respawn: boolean;
}

/** Long enough for a worker's hand-over and a gateway's open requests. */
const STOP_TIMEOUT_MS = 30_000;
/** What a turn leaves behind is gone soon: a young generation of at most 12 MiB, in place of 48, holds it. */
const NODE_FLAGS = ['--max-semi-space-size=4'];

interface Member {
  role: Role;
  process: ServerProcess;
}

export class Cluster {
  private isStopping = false;

  private constructor(
    private readonly options: ClusterOptions,
    private readonly frontDoor: FrontDoor,
    private readonly members: readonly Member[],
  ) {}

  /** Migrates, starts everything, resolves when all are ready. */
  static async start(options: ClusterOptions): Promise<Cluster> {
    await runMigrations({ url: options.environment.databaseUrl });
    await mkdir(options.logDirectory, { recursive: true });
    const frontDoor = await FrontDoor.listen(options.port);
    const started: Member[] = [];
    const start = async (role: Role, count: number, relayUrls: readonly string[]): Promise<Member[]> => {
      const members = await Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const process = await startService(options, { role, name: `${role}-${index + 1}`, relayUrls });
          return { role, process };
        }),
      );
      started.push(...members);
      return members;
    };
    try {
      const [relays] = await Promise.all([
        start('stream-relay', options.size.relays, []),
        start('chat-worker', options.size.workers, []),
        start('webpush', options.size.webpush ?? 0, []),
        start('gitsync', options.size.gitsync ?? 0, []),
      ]);
      const relayUrls = relays.map((relay) => `http://127.0.0.1:${relay.process.port}`);
      const gateways = await start('gateway', options.size.gateways, relayUrls);
      for (const gateway of gateways) frontDoor.add(gateway.process.port);
      const cluster = new Cluster(options, frontDoor, started);
      if (options.respawn) for (const member of started) cluster.respawn(member);
      return cluster;
    } catch (error) {
      await Promise.all(started.map((member) => member.process.stop()));
      await frontDoor.close();
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.frontDoor.port}`;
  }

  /** Of the processes that live, by role, in the order they were started. */
  pids(): Record<Role, number[]> {
    const pids: Record<Role, number[]> = {
      gateway: [],
      'chat-worker': [],
      'stream-relay': [],
      webpush: [],
      gitsync: [],
    };
    for (const { role, process } of this.members) if (process.pid !== undefined) pids[role].push(process.pid);
    return pids;
  }

  /** Where each process of a role answers; its health and metrics are there too. */
  urls(role: Role): string[] {
    return this.of(role).map((member) => `http://127.0.0.1:${member.process.port}`);
  }

  /** SIGKILL. */
  async kill(role: Role, index: number): Promise<void> {
    await this.member(role, index).process.kill();
  }

  /** An orderly stop and a start on the same port; a gateway leaves the rotation meanwhile. */
  async restart(role: Role, index: number): Promise<void> {
    const { process } = this.member(role, index);
    this.frontDoor.remove(process.port);
    await process.restart();
    if (role === 'gateway') this.frontDoor.add(process.port);
  }

  /** One process after the other, as a deployment rolls. */
  async rollingRestart(): Promise<void> {
    for (const role of ['chat-worker', 'webpush', 'gitsync', 'stream-relay', 'gateway'] as const) {
      for (const index of this.of(role).keys()) await this.restart(role, index);
    }
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.members.map((member) => member.process.stop()));
    await this.frontDoor.close();
  }

  private of(role: Role): Member[] {
    return this.members.filter((member) => member.role === role);
  }

  private member(role: Role, index: number): Member {
    const member = this.of(role)[index];
    if (member === undefined) throw new Error(`There is no ${role} number ${index}`);
    return member;
  }

  private respawn(member: Member): void {
    member.process.onUnexpectedExit(async () => {
      if (!this.isStopping) await member.process.restart();
    });
  }
}

function startService(
  options: ClusterOptions,
  service: { role: Role; name: string; relayUrls: readonly string[] },
): Promise<ServerProcess> {
  return ServerProcess.start({
    name: service.name,
    commandFor: (port) => ({
      file: process.execPath,
      args: [...NODE_FLAGS, serviceMain(service.role)],
      env: serviceEnvironment(options.environment, { ...service, port }),
      identity: {},
    }),
    logFile: join(options.logDirectory, `${service.name}.log`),
    readyLine: /"msg":"Ready"/,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: STOP_TIMEOUT_MS,
    throwawayDirectory: undefined,
  });
}
