/** pgbench, which comes with Postgres, where it is installed: turns a second of a script with two commits. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MAX_THREADS = 2;

export interface PgbenchOptions {
  readonly databaseUrl: string;
  readonly script: string;
  readonly clients: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** False where it is not on the path. */
export async function hasPgbench(): Promise<boolean> {
  try {
    await run('pgbench', ['--version']);
    return true;
  } catch {
    return false;
  }
}

/** @returns transactions a second. @throws Error with what pgbench said */
export async function pgbench(options: PgbenchOptions): Promise<number> {
  const { databaseUrl, script, clients, seconds, signal } = options;
  const directory = await mkdtemp(join(tmpdir(), 'parley-pgbench-'));
  try {
    const file = join(directory, 'turn.sql');
    await writeFile(file, script);
    const threads = String(Math.min(MAX_THREADS, clients));
    const flags = ['-n', '-M', 'prepared', '-f', file, '-c', String(clients), '-j', threads];
    const { stdout } = await run('pgbench', [...flags, '-T', String(seconds), databaseUrl], { signal });
    const tps = /^tps = ([\d.]+)/m.exec(stdout)?.[1];
    if (tps === undefined) throw new Error(`pgbench named no rate: ${stdout.slice(0, 500)}`);
    return Number(tps);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
