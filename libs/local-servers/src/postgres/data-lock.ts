/**
 * Kept data belongs to one live process of ours at a time. The lock is a file naming that process by its id and the time
 * it started, since ids are used again, soonest of all in containers. A lock of a process that is gone is taken over;
 * a Postgres that runs on that data all the same is then an orphan, and is stopped (see postmaster.ts).
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataDirectoryInUseError } from '../errors';

const lockPath = (directory: string): string => join(directory, 'lock');

/** What tells a process from an earlier one of the same id; undefined when there is none now. */
function startOf(pid: number): string | undefined {
  try {
    if (existsSync('/proc/self/stat')) {
      // The second field, the name, may hold spaces and brackets; the 22nd, the start, is the 20th after its last bracket.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    }
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

/** Throws DataDirectoryInUseError when a live process, this one included, holds it. */
export async function lockData(directory: string): Promise<void> {
  const line = `${process.pid} ${startOf(process.pid) ?? ''}\n`;
  for (;;) {
    try {
      await writeFile(lockPath(directory), line, { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const [pid = '', ...start] = (await readFile(lockPath(directory), 'utf8').catch(() => ''))
      .trim()
      .split(' ');
    if (pid !== '' && startOf(Number(pid)) === start.join(' '))
      throw new DataDirectoryInUseError(directory, Number(pid));
    await rm(lockPath(directory), { force: true });
  }
}

export const unlockData = (directory: string): Promise<void> => rm(lockPath(directory), { force: true });
