/** Breaks a cluster that the harness started. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Database, sql } from '@parley/database';
import type { LocalServers } from '@parley/local-servers';
import type { Cluster } from '@parley/standalone';
import type {
  BusDisturbance,
  ChaosControls,
  DisturbanceCounts,
  ServerName,
  ServiceRole,
} from '../system/target';
import type { NatsProxy } from './nats-proxy';
import { workerIdIn } from './worker-log';

const LOCK_CHATS = sql('scaletest_lock_chats', 'lock table chats in access exclusive mode');

export interface ClusterParts {
  readonly cluster: Cluster;
  readonly servers: LocalServers;
  readonly proxy: NatsProxy | undefined;
  /** Where the cluster's processes write their logs. */
  readonly logDirectory: string;
}

export class ClusterChaos implements ChaosControls {
  private readonly cluster: Cluster;
  private readonly servers: LocalServers;
  private readonly proxy: NatsProxy | undefined;

  constructor(private readonly parts: ClusterParts) {
    ({ cluster: this.cluster, servers: this.servers, proxy: this.proxy } = parts);
  }

  count(role: ServiceRole): number {
    return this.cluster.urls(role).length;
  }

  async workerId(index: number): Promise<string> {
    const name = `chat-worker-${index + 1}`;
    const log = await readFile(join(this.parts.logDirectory, `${name}.log`), 'utf8');
    return workerIdIn(log, { name, livePids: this.cluster.pids()['chat-worker'] });
  }

  kill(role: ServiceRole, index: number): Promise<void> {
    return this.cluster.kill(role, index);
  }

  start(role: ServiceRole, index: number): Promise<void> {
    return this.cluster.restart(role, index);
  }

  pause(role: ServiceRole, index: number): void {
    this.signal(role, index, 'SIGSTOP');
  }

  resume(role: ServiceRole, index: number): void {
    this.signal(role, index, 'SIGCONT');
  }

  async crash(server: ServerName, downMs: number): Promise<void> {
    const process = this.servers[server];
    if (process === undefined) throw new Error(`${server} is not ours to break`);
    await process.kill();
    await delay(downMs);
    await process.restart();
  }

  rollAll(): Promise<void> {
    return this.cluster.rollingRestart();
  }

  disturbBus(disturbance: BusDisturbance | null): void {
    if (this.proxy === undefined) throw new Error('There is no proxy in front of the bus');
    this.proxy.disturb(disturbance);
  }

  busCounts(): DisturbanceCounts | null {
    return this.proxy === undefined ? null : { ...this.proxy.counts };
  }

  async blockDatabase(ms: number): Promise<void> {
    const database = await Database.open({
      url: this.servers.databaseUrl,
      poolSize: 1,
      applicationName: 'parley-scaletest-chaos',
    });
    try {
      await database.transaction(async (tx) => {
        await tx.query(LOCK_CHATS, []);
        await delay(ms);
      });
    } finally {
      await database.close();
    }
  }

  private signal(role: ServiceRole, index: number, signal: NodeJS.Signals): void {
    const pid = this.cluster.pids()[role][index];
    if (pid === undefined) throw new Error(`There is no ${role} number ${index}`);
    process.kill(pid, signal);
  }
}
