/** What Linux says of a process under /proc (proc(5)). Null for one that is gone, and on systems without /proc. */
import { readFileSync, writeFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const MS_PER_TICK = 1000 / TICKS_PER_SECOND;

export interface ProcStat {
  readonly parentPid: number;
  /** User and system time of the process. */
  readonly cpuMs: number;
  /** The same of its children that have ended. */
  readonly endedChildrenCpuMs: number;
}

export function readProcStat(pid: number): ProcStat | null {
  const text = readText(`/proc/${pid}/stat`);
  return text === null ? null : parseProcStat(text);
}

/** The second field is a name in parentheses that may hold anything, so the fields are counted from its end. */
export function parseProcStat(text: string): ProcStat {
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const field = (number: number): number => fields[number - 3] ?? 0;
  return {
    parentPid: field(4),
    cpuMs: (field(14) + field(15)) * MS_PER_TICK,
    endedChildrenCpuMs: (field(16) + field(17)) * MS_PER_TICK,
  };
}

/** Resident memory in bytes, now and at its peak. */
export function readMemory(pid: number): { rss: number; peakRss: number } | null {
  const text = readText(`/proc/${pid}/status`);
  if (text === null) return null;
  return { rss: kib(text, 'VmRSS') * 1024, peakRss: kib(text, 'VmHWM') * 1024 };
}

const kib = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);

/** From now on its peak counts anew (proc(5), clear_refs). False for a process that is not ours to tell. */
export function resetPeakMemory(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}

/**
 * Resident memory of processes that share some, in bytes: what each has of its own, and once what they share, as far as the one has touched
 * it that touched most. The kernel could divide it exactly (`smaps_rollup`), by walking all pages: of Postgres that took 50 to
 * 150 ms at a time, in the middle of a load.
 */
export function readTreeMemory(pids: readonly number[]): number {
  let own = 0;
  let shared = 0;
  for (const pid of pids) {
    const text = readText(`/proc/${pid}/status`) ?? '';
    own += kib(text, 'RssAnon');
    shared = Math.max(shared, kib(text, 'RssFile') + kib(text, 'RssShmem'));
  }
  return (own + shared) * 1024;
}

export function childrenOf(pid: number): number[] {
  const text = readText(`/proc/${pid}/task/${pid}/children`);
  return (text ?? '').split(' ').filter(Boolean).map(Number);
}

/** Files of /proc are in memory: reading them at once is far cheaper than through the thread pool. */
function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
