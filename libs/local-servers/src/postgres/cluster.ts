/**
 * The files of one Postgres: a cluster made once by initdb, and the password of its only role. initdb works beside the
 * final place and is renamed into it, so that one that was interrupted is never taken for a database.
 * Connections need the password even on loopback: every user of the machine may connect there, and this role is a
 * superuser, who may read and write files as the server's account.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ServerStartError } from '../errors';
import { commandAs, type ServerAccount } from '../server-account';
import { removeScratch } from '../scratch';

const run = promisify(execFile);

export interface ClusterOptions {
  /** Holds `cluster/` and `password`. */
  directory: string;
  /** bin/, lib/ and share/ of Postgres. */
  native: string;
  account: ServerAccount | undefined;
  isDurable: boolean;
}

export interface Cluster {
  directory: string;
  password: string;
}

/** Opens the cluster in `directory`, making it when there is none. */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
  const directory = join(options.directory, 'cluster');
  const passwordFile = join(options.directory, 'password');
  if (!existsSync(directory)) {
    const password = randomBytes(18).toString('base64url');
    await writeFile(passwordFile, password, { mode: 0o600 });
    await initialize(options, directory, password);
  }
  return { directory, password: (await readFile(passwordFile, 'utf8')).trim() };
}

async function initialize(options: ClusterOptions, directory: string, password: string): Promise<void> {
  const { account, native, isDurable } = options;
  const unfinished = `${directory}.unfinished`;
  await removeScratch(unfinished);
  await mkdir(unfinished, { mode: 0o700 });
  const passwordCopy = join(options.directory, 'password.initdb');
  await writeFile(passwordCopy, password, { mode: 0o600 });
  if (account !== undefined) {
    await chown(unfinished, account.uid, account.gid);
    await chown(passwordCopy, account.uid, account.gid);
  }
  const command = commandAs({
    file: join(native, 'bin/initdb'),
    args: [
      ...['-D', unfinished, '--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordCopy}`],
      ...['--encoding=UTF8', '--locale=C', ...(isDurable ? [] : ['--no-sync'])],
    ],
    account,
    reach: [unfinished],
  });
  try {
    await run(command.file, [...command.args], { ...command.identity, env: command.env, cwd: '/' });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new ServerStartError('Postgres', 'initdb failed', (stderr ?? message).slice(-2_000));
  } finally {
    await rm(passwordCopy, { force: true });
  }
  await rename(unfinished, directory);
}

/** Hands every file below `directory` to an account, for data that root copied. */
export async function giveTo(account: ServerAccount, directory: string): Promise<void> {
  await chown(directory, account.uid, account.gid);
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), account.uid, account.gid);
  }
}
