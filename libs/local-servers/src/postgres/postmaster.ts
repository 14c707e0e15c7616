/**
 * What an earlier run left on a data directory. Postgres itself copes with the pid file of a process that is gone. It
 * does not cope with a pid that another program has now, which is common after a container restart, and it must not be
 * started beside an orphan: one whose parent and watchdog were both killed. The caller holds the lock of the data.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

function commandLine(pid: number): string | undefined {
  try {
    if (existsSync('/proc/self/cmdline'))
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return undefined;
  }
}

async function endOrphan(pid: number, isRunning: () => boolean): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGINT', 10_000],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (isRunning()) process.kill(pid, signal);
    for (const since = performance.now(); performance.now() - since < patienceMs; await delay(20)) {
      if (!isRunning()) return;
    }
  }
}

/** Stops an orphan on `cluster`, removes a pid file that names a stranger. */
export async function clearPostmaster(cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const pid = Number((await readFile(pidFile, 'utf8').catch(() => '')).split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0) return;
  const isOurs = (): boolean => commandLine(pid)?.includes(cluster) ?? false;
  if (isOurs()) await endOrphan(pid, isOurs);
  else if (commandLine(pid) !== undefined) await rm(pidFile, { force: true });
}
