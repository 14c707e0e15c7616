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
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { rss: kib('VmRSS') * 1024, peakRss: kib('VmHWM') * 1024 };
}

/** From now on its peak counts anew (proc(5), clear_refs). False for a process that is not ours to tell. */
export function resetPeakMemory(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}

/** Memory with shared pages divided among those who share them: Postgres's buffers count once. */
export function readProportionalMemory(pid: number): number {
  const text = readText(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+) kB/m.exec(text ?? '')?.[1] ?? 0) * 1024;
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
