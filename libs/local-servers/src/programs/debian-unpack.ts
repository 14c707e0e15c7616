/**
 * Debian packages for one who may not install them: apt works out what is missing and downloads it with its signatures
 * checked, all in directories of ours; dpkg-deb unpacks it into a cache, and the programs run from there with their
 * libraries. Nothing outside the cache is touched. Unpacking happens beside the final place and is renamed into it.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { isExecutable } from './path-search';

const run = promisify(execFile);
const timeoutMs = 300_000;

/** `.cache/servers` of the checkout this runs from, or of the home directory when the checkout is not ours to write. */
function defaultCacheDirectory(): string {
  for (let directory = __dirname; directory !== dirname(directory); directory = dirname(directory)) {
    if (!existsSync(join(directory, 'nx.json'))) continue;
    try {
      mkdirSync(join(directory, '.cache/servers'), { recursive: true });
      accessSync(join(directory, '.cache/servers'), constants.W_OK);
      return join(directory, '.cache/servers');
    } catch {
      break;
    }
  }
  return join(homedir(), '.cache/parley/servers');
}

const unpackedRoot = (folder: string, cacheDirectory: string): string =>
  join(cacheDirectory, `debian-${process.arch}-${folder}`);

/** The program and its library path, when an earlier call unpacked it. */
export function unpackedProgram(name: string, folder: string, cacheDirectory = defaultCacheDirectory()) {
  const root = unpackedRoot(folder, cacheDirectory);
  // In usr/bin a browser has a script only, which looks for the program where it is installed.
  const file = [`usr/lib/${name}`, 'usr/sbin', 'usr/bin']
    .map((directory) => join(root, directory, name))
    .find(isExecutable);
  if (file === undefined) return undefined;
  const libraries = ['usr/lib', 'lib'].flatMap((directory) => {
    const parent = join(root, directory);
    if (!existsSync(parent)) return [];
    return readdirSync(parent)
      .filter((entry) => entry.includes('-linux-'))
      .map((entry) => join(parent, entry))
      .flatMap((directory) => [directory, join(directory, 'pulseaudio')].filter((path) => existsSync(path)));
  });
  return { file, env: { LD_LIBRARY_PATH: libraries.join(':') } };
}

/** Throws with apt's own words when it fails. */
export async function unpackDebianPackages(
  packages: readonly string[],
  folder: string,
  cacheDirectory = defaultCacheDirectory(),
): Promise<void> {
  await mkdir(cacheDirectory, { recursive: true });
  const work = await mkdtemp(join(cacheDirectory, 'unpacking-'));
  try {
    const names = await missingPackages(packages, work);
    const downloads = join(work, 'downloads');
    const unpacked = join(work, 'root');
    await mkdir(downloads);
    await mkdir(unpacked);
    await apt(['download', ...names], work, downloads);
    for (const file of await readdir(downloads)) {
      await run('dpkg-deb', ['--extract', join(downloads, file), unpacked], { timeout: timeoutMs });
    }
    const root = unpackedRoot(folder, cacheDirectory);
    await rm(root, { recursive: true, force: true });
    await rename(unpacked, root);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The packages and what they need that this machine lacks. Asks the machine's package lists, then fresh ones of ours. */
async function missingPackages(packages: readonly string[], work: string): Promise<string[]> {
  const question = ['install', '--print-uris', '-qq', '-y', '--no-install-recommends', ...packages];
  await mkdir(join(work, 'cache/archives/partial'), { recursive: true });
  const answer = await apt(question, work, work).catch(async () => {
    await mkdir(join(work, 'lists/partial'), { recursive: true });
    await apt(['update', '-qq'], work, work);
    return apt(question, work, work);
  });
  // Each line: 'uri' file_version_arch.deb size hash
  return answer
    .split('\n')
    .map((line) => /^'[^']+' ([a-z0-9.+-]+)_\S+\.deb /.exec(line)?.[1])
    .filter((name) => name !== undefined);
}

/** Caches of apt are ours alone, and so are its lists once `lists/` exists in `work`. */
async function apt(args: readonly string[], work: string, cwd: string): Promise<string> {
  const lists = join(work, 'lists');
  const options = [
    ...['-o', `Dir::Cache=${join(work, 'cache')}`, '-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User='],
    ...(existsSync(lists) ? ['-o', `Dir::State::lists=${lists}`] : []),
  ];
  const env = { ...process.env, LC_ALL: 'C' };
  const { stdout } = await run('apt-get', [...options, ...args], {
    cwd,
    env,
    timeout: timeoutMs,
    maxBuffer: 2 ** 26,
  });
  return stdout;
}
