/**
 * nats-server, redis-server and, for tests, chromium come from the machine. Where they are missing, Debian and its kin can bring
 * them: as root by installing the packages, as a plain user by unpacking them into a cache directory. Everywhere else this
 * stops with the exact commands. One search runs at a time, so that three servers starting together install once.
 */
import { existsSync } from 'node:fs';
import { ProgramMissingError } from '../errors';
import { unpackDebianPackages, unpackedProgram } from './debian-unpack';
import { installDebianPackages } from './debian-install';
import { findOnPath } from './path-search';

export type ProgramName = 'nats-server' | 'redis-server' | 'chromium';

export interface Program {
  file: string;
  env: Record<string, string>;
}

/** Both servers, always: whoever lacks one needs the other a moment later. The packages are named like the programs. */
const SERVERS: readonly ProgramName[] = ['nats-server', 'redis-server'];
const BROWSER: readonly ProgramName[] = ['chromium'];
const INSTEAD: Readonly<Record<ProgramName, { brew: string; variable: string; container?: string }>> = {
  'nats-server': {
    brew: 'nats-server',
    variable: 'NATS_URL',
    container: 'docker run -d -p 127.0.0.1:4222:4222 nats:2 -js && export NATS_URL=nats://127.0.0.1:4222',
  },
  'redis-server': {
    brew: 'redis',
    variable: 'REDIS_URL',
    container: 'docker run -d -p 127.0.0.1:6379:6379 redis:7 && export REDIS_URL=redis://127.0.0.1:6379',
  },
  chromium: { brew: '--cask chromium', variable: 'CHROMIUM_PATH' },
};

let inProgress: Promise<unknown> = Promise.resolve();

/**
 * The program, fetched when missing. `cacheDirectory` (default: `.cache/servers` of the checkout, else of the home
 * directory) keeps what a plain user unpacked. Throws ProgramMissingError.
 */
export function findProgram(name: ProgramName, cacheDirectory?: string): Promise<Program> {
  const found = inProgress.then(() => find(name, cacheDirectory));
  inProgress = found.catch(() => undefined);
  return found;
}

async function find(name: ProgramName, cacheDirectory: string | undefined): Promise<Program> {
  const packages = name === 'chromium' ? BROWSER : SERVERS;
  const already = present(name, cacheDirectory);
  if (already !== undefined) return already;
  let reason = 'they can be fetched without you on Debian and its kin only';
  if (existsSync('/etc/debian_version') && findOnPath('apt-get') !== undefined) {
    try {
      if (process.getuid?.() === 0) await installDebianPackages(packages);
      else await unpackDebianPackages(packages, folderOf(name), cacheDirectory);
      reason = 'the packages came without it';
    } catch (error) {
      reason = `fetching them failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  const fetched = present(name, cacheDirectory);
  if (fetched !== undefined) return fetched;
  const missing = packages.filter((program) => present(program, cacheDirectory) === undefined);
  throw new ProgramMissingError(missing, instructions(missing, reason));
}

/** Each group has a folder of its own, since unpacking replaces what is there. */
const folderOf = (name: ProgramName): string => (name === 'chromium' ? 'browser' : 'servers');

function present(name: ProgramName, cacheDirectory: string | undefined): Program | undefined {
  const file = findOnPath(name);
  return file === undefined ? unpackedProgram(name, folderOf(name), cacheDirectory) : { file, env: {} };
}

function instructions(missing: readonly ProgramName[], reason: string): string {
  const variables = missing.map((name) => INSTEAD[name].variable);
  const containers = missing.flatMap((name) => INSTEAD[name].container ?? []);
  return [
    `Not on this machine: ${missing.join(', ')} (${reason}). Bring them with one of:`,
    `  Debian, Ubuntu:  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing.join(' ')}`,
    `  macOS:           brew install ${missing.map((name) => INSTEAD[name].brew).join(' ')}`,
    ...containers.map((container) => `  Docker:          ${container}`),
    `or name ones that you have with ${variables.join(' and ')}.`,
  ].join('\n');
}
