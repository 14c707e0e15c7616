/**
 * Which account our servers run under. As a plain user: our own. As root: an unprivileged one, because Postgres refuses
 * root, and because nothing that listens on a port should be able to write everywhere.
 *
 * That account often cannot walk to a checkout or a data directory below a home of mode 0700. It is then given one
 * capability, to pass closed directories and read, by util-linux's setpriv; what it may write stays what it owns.
 * "no_setuid_fixup" belongs to it: without that bit access(2), which initdb uses, ignores the capabilities of non-root.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { findOnPath } from './programs/path-search';

export interface ServerAccount {
  uid: number;
  gid: number;
}

export interface Command {
  file: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  identity: { uid?: number; gid?: number };
}

const unprivilegedNames = ['nobody', 'postgres', 'daemon'];

/** Undefined means: run as ourselves. `uid` chooses the account that owns existing data. */
export function serverAccount(uid?: number): ServerAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , id = '', group = '']) => ({ name, uid: Number(id), gid: Number(group) }));
  if (uid !== undefined && uid !== 0) {
    return { uid, gid: accounts.find((account) => account.uid === uid)?.gid ?? uid };
  }
  // initdb looks its user up in the password file, so a made-up number will not do.
  for (const name of unprivilegedNames) {
    const found = accounts.find((account) => account.name === name && account.uid > 0);
    if (found !== undefined) return { uid: found.uid, gid: found.gid };
  }
  throw new Error(
    `Postgres refuses to run as root, and none of the accounts ${unprivilegedNames.join(', ')} exists here. ` +
      'Run as a plain user, or set DATABASE_URL.',
  );
}

/** Whether the account may walk from the root of the file system to `path`, which must exist. */
function canReach(account: ServerAccount | undefined, path: string): boolean {
  if (account === undefined) return true;
  for (let directory = dirname(realpathSync(path)); ; directory = dirname(directory)) {
    const { mode, uid, gid } = statSync(directory);
    const mayPass = uid === account.uid ? mode & 0o100 : gid === account.gid ? mode & 0o010 : mode & 0o001;
    if (mayPass === 0) return false;
    if (directory === resolve('/')) return true;
  }
}

const setprivPrefix = ({ uid, gid }: ServerAccount): string[] => [
  ...[`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'],
  ...[
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
    '--securebits=+no_setuid_fixup',
    '--',
  ],
];

/** setpriv, when this machine has one that may do it: containers often withhold the capability. */
function findSetpriv(account: ServerAccount): string | undefined {
  const setpriv = findOnPath('setpriv');
  const probe = findOnPath('true');
  if (setpriv === undefined || probe === undefined) return undefined;
  try {
    execFileSync(setpriv, [...setprivPrefix(account), probe], { stdio: 'ignore', cwd: '/' });
    return setpriv;
  } catch {
    return undefined;
  }
}

/** Whether a program below `path` can be started under the account, with the help of setpriv if need be. */
export const canUse = (account: ServerAccount | undefined, path: string): boolean =>
  account === undefined || canReach(account, path) || findSetpriv(account) !== undefined;

export interface CommandRequest {
  file: string;
  args: readonly string[];
  account: ServerAccount | undefined;
  /** Paths the program must get to, besides its own file. */
  reach?: readonly string[];
  env?: Record<string, string>;
}

/**
 * How to start a program under an account. Throws when the account cannot reach what it needs and setpriv is missing.
 * The program gets a bare environment: a PGPORT or a REDIS_URL of ours is none of its business.
 */
export function commandAs({ file, args, account, reach = [], env = {} }: CommandRequest): Command {
  const bare = { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...env };
  if (account === undefined) return { file, args, env: bare, identity: {} };
  const closed = [file, ...reach].find((path) => !canReach(account, path));
  if (closed === undefined) return { file, args, env: bare, identity: { ...account } };
  const setpriv = findSetpriv(account);
  if (setpriv === undefined) {
    throw new Error(
      `Servers run as user ${account.uid} here, not as root; that user cannot reach ${closed}, and setpriv (util-linux) ` +
        'is missing or not allowed to help it. Move it out of directories closed to others.',
    );
  }
  return { file: setpriv, args: [...setprivPrefix(account), file, ...args], env: bare, identity: {} };
}
