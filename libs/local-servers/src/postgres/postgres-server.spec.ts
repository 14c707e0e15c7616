import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { DataDirectoryInUseError } from '../errors';
import { PostgresServer, type PostgresServerOptions } from './postgres-server';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options?: PostgresServerOptions): Promise<PostgresServer> {
  const server = await PostgresServer.start(options);
  cleanups.push(() => server.stop());
  return server;
}

async function dataDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'parley-spec-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return join(directory, 'postgres');
}

async function query(server: PostgresServer, text: string): Promise<unknown[]> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('PostgresServer', () => {
  it('starts a Postgres 15 that accepts connections with its password only', async () => {
    const server = await start();
    expect(await query(server, `select current_setting('server_version_num')::int / 10000 as major`)).toEqual(
      [{ major: 15 }],
    );
    const stranger = new Client({ connectionString: server.url.replace(/:[^:@]+@/, ':guess@') });
    await expect(stranger.connect()).rejects.toThrow(/password authentication failed/);
  });

  it('runs two at once, each on its own port with its own data', async () => {
    const [first, second] = await Promise.all([start(), start()]);
    expect(first.url).not.toBe(second.url);
    await query(first, 'create table only_here (id int)');
    expect(await query(second, `select to_regclass('only_here') as found`)).toEqual([{ found: null }]);
  });

  it('passes settings on, among them libraries to preload', async () => {
    const server = await start({
      maxConnections: 17,
      settings: { shared_preload_libraries: 'pg_stat_statements' },
    });
    await query(server, 'create extension pg_stat_statements');
    expect(await query(server, 'select count(*) > 0 as counts from pg_stat_statements')).toEqual([
      { counts: true },
    ]);
    expect(await query(server, 'show max_connections')).toEqual([{ max_connections: '17' }]);
  });

  it('keeps address and data over a restart, and over a kill without warning', async () => {
    const server = await start();
    const { url, pid } = server;
    await query(server, 'create table kept (id int)');
    await server.restart();
    await query(server, 'insert into kept values (1)');
    await server.kill();
    expect(server.pid).toBeUndefined();
    await server.restart();
    expect(await query(server, 'select id from kept')).toEqual([{ id: 1 }]);
    expect(server.url).toBe(url);
    expect(server.pid).not.toBe(pid);
  });

  it('leaves neither process nor file of throwaway data behind', async () => {
    const server = await PostgresServer.start();
    const [row] = (await query(server, 'show data_directory')) as { data_directory: string }[];
    const pid = server.pid ?? 0;
    await server.stop();
    await server.stop();
    expect(isAlive(pid)).toBe(false);
    expect(existsSync(row?.data_directory ?? '/')).toBe(false);
  });
});

describe('PostgresServer with a data directory', () => {
  it('finds the data of the last run, on whatever port', async () => {
    const directory = await dataDirectory();
    const value = randomUUID();
    const yesterday = await PostgresServer.start({ dataDirectory: directory });
    await query(yesterday, `create table kept as select '${value}' as value`);
    expect(await query(yesterday, 'show fsync')).toEqual([{ fsync: 'on' }]);
    await yesterday.stop();
    const today = await start({ dataDirectory: directory });
    expect(await query(today, 'select value from kept')).toEqual([{ value }]);
  });

  it('refuses data that a live process uses', async () => {
    const directory = await dataDirectory();
    const server = await start({ dataDirectory: directory });
    await expect(PostgresServer.start({ dataDirectory: directory })).rejects.toThrow(DataDirectoryInUseError);
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('takes over from a process that is gone: its lock, and its Postgres that still runs', async () => {
    const directory = await dataDirectory();
    const orphan = await start({ dataDirectory: directory });
    await query(orphan, 'create table kept (id int)');
    // A process id that was used before and names another process now: ours, as if it had started at another time.
    await writeFile(join(directory, 'lock'), `${process.pid} 1\n`);
    const heir = await start({ dataDirectory: directory });
    expect(await query(heir, 'select * from kept')).toEqual([]);
    await expect(query(orphan, 'select 1')).rejects.toThrow();
  });

  it('starts although the pid file names a process that is not Postgres', async () => {
    const directory = await dataDirectory();
    const first = await PostgresServer.start({ dataDirectory: directory });
    const pidFile = join(directory, 'cluster/postmaster.pid');
    const lines = (await readFile(pidFile, 'utf8')).split('\n');
    await first.stop();
    await writeFile(pidFile, [String(process.ppid), ...lines.slice(1)].join('\n'), { mode: 0o600 });
    const second = await start({ dataDirectory: directory });
    expect(await query(second, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('makes the data anew when the first attempt was interrupted', async () => {
    const directory = await dataDirectory();
    const first = await PostgresServer.start({ dataDirectory: directory });
    await first.stop();
    await rm(join(directory, 'cluster'), { recursive: true });
    await writeFile(join(directory, 'cluster.unfinished'), 'half');
    const second = await start({ dataDirectory: directory });
    expect(await query(second, 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});
