/**
 * CPU and memory of every process of the system during a load, by group: each service, Postgres with its backends, NATS, Redis, the
 * mock, and the generator itself. A process that was killed keeps what it had used when it was last seen. The peak of memory is the
 * kernel's own (VmHWM), told to begin with the load; where that is refused it is since the process began.
 */
import { childrenOf, readMemory, readProcStat, readTreeMemory, resetPeakMemory } from './proc-stat';

/** The processes to watch, asked anew at each sample since some are restarted. */
export type ProcessGroups = () => Readonly<Record<string, readonly number[]>>;

export interface GroupUsage {
  readonly processes: number;
  readonly cpuMs: number;
  /** The largest of one process; of Postgres, all together. */
  readonly peakRssBytes: number;
}

/** Of Postgres: all its processes together. */
export interface OneProcessUsage {
  /** The group with a number, in the order in which its processes were first seen; one that was started again is another one. */
  readonly name: string;
  readonly group: string;
  readonly cpuMs: number;
  readonly peakRssBytes: number;
}

interface Watched {
  readonly group: string;
  readonly cpuAtStartMs: number;
  cpuMs: number;
  peakRssBytes: number;
}

const SAMPLE_MS = 1_000;
/** Groups whose process has working children. */
const TREES: ReadonlySet<string> = new Set(['postgres']);

export class ProcessUsage {
  private readonly watched = new Map<number, Watched>();
  private timer: NodeJS.Timeout | undefined;
  /** What is known of processes before the start counts from zero for those that come later. */
  private hasStarted = false;

  constructor(private readonly groups: ProcessGroups) {}

  start(): void {
    for (const pid of Object.values(this.groups()).flat()) resetPeakMemory(pid);
    this.sample();
    this.hasStarted = true;
    this.timer = setInterval(() => this.sample(), SAMPLE_MS);
  }

  stop(): { groups: Record<string, GroupUsage>; processes: OneProcessUsage[] } {
    clearInterval(this.timer);
    this.sample();
    const groups: Record<string, GroupUsage> = {};
    const processes: OneProcessUsage[] = [];
    for (const { group, cpuMs: cpuAtEndMs, cpuAtStartMs, peakRssBytes } of this.watched.values()) {
      const known = groups[group] ?? { processes: 0, cpuMs: 0, peakRssBytes: 0 };
      const count = known.processes + 1;
      const cpuMs = cpuAtEndMs - cpuAtStartMs;
      groups[group] = {
        processes: count,
        cpuMs: known.cpuMs + cpuMs,
        peakRssBytes: Math.max(known.peakRssBytes, peakRssBytes),
      };
      processes.push({ name: `${group}-${count}`, group, cpuMs, peakRssBytes });
    }
    return { groups, processes };
  }

  private sample(): void {
    for (const [group, pids] of Object.entries(this.groups())) {
      for (const pid of pids) {
        if (TREES.has(group)) this.sampleTree(group, pid);
        else this.sampleProcess(group, pid);
      }
    }
  }

  private sampleProcess(group: string, pid: number): void {
    const stat = readProcStat(pid);
    const memory = readMemory(pid);
    if (stat === null || memory === null) return;
    this.note(pid, { group, cpuMs: stat.cpuMs, rssBytes: memory.peakRss });
  }

  /** The time of backends that have ended is in their parent's account. */
  private sampleTree(group: string, pid: number): void {
    const tree = [pid, ...childrenOf(pid)];
    const stats = tree.map(readProcStat);
    const cpuMs = stats.reduce((sum, stat) => sum + (stat?.cpuMs ?? 0), stats[0]?.endedChildrenCpuMs ?? 0);
    if (stats[0] === null) return;
    this.note(pid, { group, cpuMs, rssBytes: readTreeMemory(tree) });
  }

  private note(pid: number, now: { group: string; cpuMs: number; rssBytes: number }): void {
    const known = this.watched.get(pid);
    if (known === undefined) {
      this.watched.set(pid, {
        group: now.group,
        cpuAtStartMs: this.hasStarted ? 0 : now.cpuMs,
        cpuMs: now.cpuMs,
        peakRssBytes: now.rssBytes,
      });
      return;
    }
    known.cpuMs = Math.max(known.cpuMs, now.cpuMs);
    known.peakRssBytes = Math.max(known.peakRssBytes, now.rssBytes);
  }
}
