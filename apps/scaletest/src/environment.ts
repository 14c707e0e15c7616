/** Where a run took place, so that its numbers can be read later. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import type { Target } from './system/target';

const GIB = 1024 ** 3;

export function describeEnvironment(target: Target): Record<string, unknown> {
  const processors = cpus();
  return {
    target: target.kind,
    topology: target.topology,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processors: `${processors.length} x ${processors[0]?.model.trim() ?? 'unknown'}`,
    memory_gib: Math.round(totalmem() / GIB),
    load_average: loadavg().map((load) => Number(load.toFixed(2))),
    revision: revision(),
  };
}

/** Null outside a checkout. */
function revision(): string | null {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      cwd: __dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return null;
  }
}
