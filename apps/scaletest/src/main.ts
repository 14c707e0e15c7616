/** The command `scaletest`. Exit codes: 0 passed, 1 failed or wrong usage, 3 void or stopped. */
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { execute } from './execute';
import { buildCommand, type TraceFlags } from './flags';
import { compareText } from './report/compare';
import { report, type Report } from './report/schema';
import { BrokenToolError, stopSignal } from './stop-signal';
import { traceOneTurn } from './trace/trace-one-turn';
import { traceText } from './trace/turn-trace';

const EXIT_CODES: Record<Report['verdict'], number> = { passed: 0, failed: 1, void: 3, aborted: 3 };

const say = (text: string): void => void process.stderr.write(text);
const leave = (code: number): void => process.exit(code);

async function readReport(path: string): Promise<Report> {
  const text = await readFile(path, 'utf8');
  const parsed = report.safeParse(orNothing(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where =
    issue === undefined || issue.path.length === 0 ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
  throw new Error(`${path} is no report that --json wrote${where}`);
}

function orNothing(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

async function trace({ out, gateways, workers, relays }: TraceFlags): Promise<void> {
  const logDirectory = await mkdtemp(join(tmpdir(), 'parley-scaletest-logs-'));
  const size = { gateways, workers, relays };
  const traced = await traceOneTurn({ file: resolve(out), size, logDirectory });
  process.stdout.write(traceText(traced));
}

async function main(): Promise<void> {
  const command = buildCommand({
    run: async (flags) => {
      // Where little is going on, V8 collects what it otherwise would not: some 200 ms that fell into a load of fifty turns.
      setFlagsFromString('--no-memory-reducer');
      const signal = stopSignal(process, { say, leave });
      const { verdict } = await execute(flags, signal).catch((error: unknown) => {
        if (!signal.aborted || signal.reason instanceof BrokenToolError) throw error;
        // Stopped before there was anything to report.
        say(`${error instanceof Error ? error.message : String(error)}\n`);
        return { verdict: 'aborted' as const };
      });
      process.exitCode = EXIT_CODES[verdict];
    },
    trace,
    compare: async (before, after) => {
      process.stdout.write(compareText(await readReport(before), await readReport(after)));
    },
  });
  await command.parseAsync();
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
