/**
 * A Postgres of our own, from the binaries of an npm package, on a free loopback port. Throwaway by default: its data
 * goes with it. With `dataDirectory` it keeps the data, and a later start finds it, also after a crash, under another
 * account of root's choosing, or with an orphan of the last run still on it.
 *
 * Throwaway means no fsync, yet synchronous commits: a commit is handed to the kernel before it is confirmed, so that a
 * Postgres killed and restarted in a test has lost nothing; only a crash of the machine would.
 */
import { existsSync, statSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { createScratch, removeScratch } from '../scratch';
import { canUse, commandAs, serverAccount, type ServerAccount } from '../server-account';
import { ServerProcess } from '../server-process';
import { copyBinaries, findPostgresPackage, repairInPlace } from './binaries';
import { type Cluster, giveTo, openCluster } from './cluster';
import { lockData, unlockData } from './data-lock';
import { clearPostmaster } from './postmaster';

export interface PostgresServerOptions {
  /** Keeps the data here. Without it everything is thrown away at stop. */
  dataDirectory?: string;
  /** Waits for the disk at each commit; default: true with a data directory, false without. */
  isDurable?: boolean;
  maxConnections?: number;
  /** Further settings by their Postgres names, e.g. `shared_preload_libraries: 'pg_stat_statements'`. */
  settings?: Readonly<Record<string, string | number>>;
}

const standingSettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  // What fails a statement is told to its client; repeated in this file it would only grow without bound.
  log_min_messages: 'log',
  log_checkpoints: 'off',
};

const throwawaySettings = { fsync: 'off', full_page_writes: 'off' };

export class PostgresServer {
  private constructor(
    private readonly process: ServerProcess,
    private readonly password: string,
    private readonly release: () => Promise<void>,
  ) {}

  /** Resolves when connections are accepted. Throws ServerStartError, DataDirectoryInUseError. */
  static async start(options: PostgresServerOptions = {}): Promise<PostgresServer> {
    const kept = options.dataDirectory === undefined ? undefined : await keptDirectory(options.dataDirectory);
    const account = serverAccount(kept === undefined ? undefined : ownerOf(join(kept, 'cluster')));
    const scratch = await createScratch('postgres', account);
    if (kept !== undefined)
      await lockData(kept).catch((error: unknown) => failAfter(removeScratch(scratch), error));
    const release = async (): Promise<void> => {
      await removeScratch(scratch);
      if (kept !== undefined) await unlockData(kept);
    };
    try {
      const native = await usableBinaries(scratch, account);
      const isDurable = options.isDurable ?? kept !== undefined;
      const cluster = await openCluster({ directory: kept ?? scratch, native, account, isDurable });
      if (kept !== undefined) await clearPostmaster(cluster.directory);
      if (account !== undefined && ownerOf(cluster.directory) !== account.uid)
        await giveTo(account, cluster.directory);
      const program = postgresProgram({
        native,
        cluster,
        account,
        scratch,
        settings: settingsFor(options, isDurable),
      });
      return new PostgresServer(await ServerProcess.start(program), cluster.password, release);
    } catch (error) {
      return failAfter(release(), error);
    }
  }

  /** Of the database `postgres`, with the password. */
  get url(): string {
    return `postgresql://postgres:${this.password}@127.0.0.1:${this.process.port}/postgres`;
  }

  /** Of the postmaster; undefined while it is down. */
  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Fast shutdown: clients are cut off, transactions rolled back. Throwaway data is removed. */
  async stop(): Promise<void> {
    await this.process.stop();
    await this.release();
  }

  /** SIGKILL to the postmaster, as a crash would be. `restart` brings it back with all that was committed. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  /** The same port, data and password. */
  restart(): Promise<void> {
    return this.process.restart();
  }
}

async function failAfter(cleanup: Promise<void>, error: unknown): Promise<never> {
  await cleanup;
  throw error;
}

async function keptDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true });
  return realpath(path);
}

const ownerOf = (path: string): number | undefined => (existsSync(path) ? statSync(path).uid : undefined);

/** The package's own files, or a copy where they are incomplete and closed to us, or out of the account's reach. */
async function usableBinaries(scratch: string, account: ServerAccount | undefined): Promise<string> {
  const native = findPostgresPackage();
  if (canUse(account, native) && (await repairInPlace(native))) return native;
  return copyBinaries(native, scratch);
}

function settingsFor(options: PostgresServerOptions, isDurable: boolean): Record<string, string | number> {
  return {
    ...standingSettings,
    ...(isDurable ? {} : throwawaySettings),
    max_connections: options.maxConnections ?? 100,
    ...options.settings,
  };
}

interface PostgresProgram {
  native: string;
  cluster: Cluster;
  account: ServerAccount | undefined;
  scratch: string;
  settings: Record<string, string | number>;
}

function postgresProgram({ native, cluster, account, scratch, settings }: PostgresProgram) {
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    name: 'Postgres',
    commandFor: (port: number) =>
      commandAs({
        file: join(native, 'bin/postgres'),
        args: ['-D', cluster.directory, '-p', String(port), ...flags],
        account,
        reach: [cluster.directory],
      }),
    logFile: join(scratch, 'postgres.log'),
    readyLine: /database system is ready to accept connections/,
    // A killed postmaster's backends notice within moments; until then they hold its shared memory.
    passingFailure: /pre-existing shared memory block|lock file ".*" already exists/,
    stopSignal: 'SIGINT' as const,
    throwawayDirectory: scratch,
  };
}
