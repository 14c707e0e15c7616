/**
 * Installs the dependencies when they are missing or not those of package-lock.json, and costs some milliseconds when
 * they are. Every command that must work in a fresh clone begins here, so this uses nothing but Node's own modules.
 * npm's own record of what it installed is compared, not times: a checkout or a copy touches those at will.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

function isInstalled() {
  let installed;
  try {
    installed = JSON.parse(readFileSync(join(root, 'node_modules/.package-lock.json'), 'utf8')).packages;
  } catch {
    return false;
  }
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted)
    .filter(([path]) => path.includes('node_modules/'))
    .every(([path, { version, link, optional, devOptional, peer }]) => {
      const present = installed[path];
      // Packages for other platforms, and peers nobody needs, are in the lock file but never on the disk.
      if (present === undefined) return Boolean(optional || devOptional || peer);
      return present.version === version && present.link === link;
    });
}

/** Throws when npm fails. npm's output goes to stderr: the caller's stdout may be read by a program. */
export function ensureInstalled() {
  if (isInstalled()) return;
  console.error('Installing dependencies (npm ci) …');
  const npm = process.env.npm_execpath;
  const [command, ...args] = npm?.endsWith('.js') ? [process.execPath, npm] : ['npm'];
  const { status, error } = spawnSync(command, [...args, 'ci', '--include=dev', '--no-audit', '--no-fund'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`npm ci failed with exit code ${status}.`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ensureInstalled();
