/** What Linux says of a process under /proc (proc(5)). Null for one that is gone, and on systems without /proc. */
import { readFile } from 'node:fs/promises';

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

export async function readProcStat(pid: number): Promise<ProcStat | null> {
  const text = await readText(`/proc/${pid}/stat`);
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
export async function readMemory(pid: number): Promise<{ rss: number; peakRss: number } | null> {
  const text = await readText(`/proc/${pid}/status`);
  if (text === null) return null;
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { rss: kib('VmRSS') * 1024, peakRss: kib('VmHWM') * 1024 };
}

/** Memory with shared pages divided among those who share them: Postgres's buffers count once. */
export async function readProportionalMemory(pid: number): Promise<number> {
  const text = await readText(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+) kB/m.exec(text ?? '')?.[1] ?? 0) * 1024;
}

export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readText(`/proc/${pid}/task/${pid}/children`);
  return (text ?? '').split(' ').filter(Boolean).map(Number);
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null;
  }
}
