/** From flags to a report on disk: starts what has to be started, runs, writes, and stops everything, also when told to stop. */
import { setMaxListeners } from 'node:events';
import { access, constants, mkdtemp, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { isNativeError } from 'node:util/types';
import { describeEnvironment } from './environment';
import { measureCommits } from './floor/commits';
import { measureClients } from './floor/stream-clients';
import { diagnose } from './measure/diagnosis';
import { htmlReport } from './report/html';
import { Progress } from './report/progress';
import { type FloorReport, type Report, REPORT_SCHEMA, REPORT_VERSION } from './report/schema';
import type { LoadRuns } from './report/repeats';
import { textReport } from './report/text';
import { runLoads } from './run-loads';
import { planRun, type RunFlags, type RunPlan } from './run-plan';
import { Scaletest } from './scaletest';
import { readBudget } from './sql-budget';
import { givenTarget } from './system/given';
import { spawnCluster } from './system/spawn-cluster';
import { spawnStandalone } from './system/spawn-standalone';
import { BrokenToolError } from './stop-signal';
import type { Target } from './system/target';
import { verdictOf } from './verdict';

const BUDGET_FILE = join(__dirname, '..', 'sql-budget.json');
const FLOOR_CHATS = 50;
const FLOOR_TURNS = 5;

/** @returns the report; it is written wherever the flags say, before this resolves or rejects for want of any load */
export async function execute(flags: RunFlags, signal: AbortSignal): Promise<Report> {
  // Every chat listens to it.
  setMaxListeners(0, signal);
  const progress = new Progress(process.stderr);
  await checkOutputs(flags);
  const ownBudget = readBudget(flags.budget ?? BUDGET_FILE);
  const logDirectory = await mkdtemp(join(tmpdir(), 'parley-scaletest-logs-'));
  const plan = planRun(flags, logDirectory);
  const startedAt = new Date();
  progress.say(`Starting (logs of what is started: ${logDirectory})`);
  const target = await startTarget(flags, plan);
  // Of a deployment that shows no SQL the budget is asked for by name only.
  const showsSql = target.databaseUrl !== undefined || Object.keys(target.metricsUrls).length > 0;
  const budget = flags.budget !== undefined || showsSql ? ownBudget : null;
  const seed = flags.seed ?? String(startedAt.getTime());
  const cleansUp = target.kind === 'given' && !flags.keep;
  const test = new Scaletest({ target, seed, signal, progress, budget, cleansUp });
  const environment = { ...describeEnvironment(target), logs: logDirectory };
  const loads: LoadRuns[] = [];
  let floor: FloorReport | null = null;
  let failure: unknown;
  try {
    await test.prepare(Math.max(...plan.loads.map(({ users }) => users)));
    const diagnosis = (): Promise<void> => startDiagnosis(flags, { target, progress, signal });
    await runLoads({ test, plan, progress, signal, diagnosis }, loads);
    if (flags.floor && !signal.aborted) floor = await measureFloor(target, { progress, signal });
  } catch (error) {
    failure = error;
  }
  const isBroken = signal.reason instanceof BrokenToolError;
  if (isBroken) failure = signal.reason;
  try {
    const [first, ...others] = loads.map(({ reported }) => reported);
    if (first === undefined) {
      const why = failure === undefined ? 'it was stopped' : describeFailure(failure);
      throw new Error(`No load was run: ${why}`, { cause: failure });
    }
    const judged = verdictOf(loads, signal.aborted);
    const report: Report = {
      ...first,
      schema: REPORT_SCHEMA,
      version: REPORT_VERSION,
      run_id: test.runId,
      profile: plan.profileName,
      seed,
      started_at: startedAt.toISOString(),
      finished_at: new Date().toISOString(),
      ...(failure === undefined || (signal.aborted && !isBroken)
        ? judged
        : { verdict: 'failed', reasons: [...judged.reasons, describeFailure(failure)] }),
      environment,
      other_loads: others,
      floor,
    };
    await write(report, flags);
    return report;
  } finally {
    await test.close();
    await target.stop();
  }
}

/** Beside the loads; what fails is told, and fails no load. */
async function startDiagnosis(
  { diagnose: directory }: RunFlags,
  { target, progress, signal }: { target: Target; progress: Progress; signal: AbortSignal },
): Promise<void> {
  if (directory === undefined) return;
  const say = (line: string): void => progress.say(line);
  await diagnose({ directory, serviceUrls: target.metricsUrls, signal, say }).catch((error: unknown) =>
    say(`No diagnosis: ${describeFailure(error)}`),
  );
}

/** With what is behind it: a failed request tells in its cause alone that nobody listens. */
function describeFailure(failure: unknown): string {
  if (!isNativeError(failure)) return String(failure);
  let text = failure.message;
  for (let { cause } = failure; isNativeError(cause); cause = cause.cause)
    if (!text.includes(cause.message)) text += `: ${cause.message}`;
  return text;
}

/** Before the run, which may take long. @throws Error naming the flag whose file could not be written */
async function checkOutputs(flags: RunFlags): Promise<void> {
  for (const name of ['json', 'html'] as const) {
    const path = flags[name];
    if (path === undefined) continue;
    const isFile = await stat(path).then(
      (found) => found.isFile(),
      () => false,
    );
    await access(isFile ? path : dirname(resolve(path)), constants.W_OK).catch((error: unknown) => {
      throw new Error(`--${name} ${path} cannot be written: ${describeFailure(error)}`);
    });
  }
}

async function startTarget(flags: RunFlags, plan: RunPlan): Promise<Target> {
  if (flags.url === undefined)
    return flags.spawn === 'standalone' ? spawnStandalone(plan.spawn) : spawnCluster(plan.spawn);
  if (flags.spawn !== undefined) throw new Error('Give either --url or --spawn');
  if (flags.token === undefined) throw new Error('Give --token with --url');
  if (flags.mockUrl === undefined)
    throw new Error(
      'Give --mock-url with --url: without the mock a run would be answered, and billed, by a real model',
    );
  return givenTarget({
    url: flags.url,
    streamUrl: flags.streamUrl,
    token: flags.token,
    mockUrl: flags.mockUrl,
    databaseUrl: flags.databaseUrl,
    natsMonitorUrl: flags.natsMonitorUrl,
    serviceUrls: flags.serviceUrls ?? {},
    metricsToken: flags.metricsToken,
  });
}

async function measureFloor(
  target: Target,
  { progress, signal }: { progress: Progress; signal: AbortSignal },
): Promise<FloorReport> {
  progress.say('Measuring the floor');
  const shared = { mockUrl: target.mockUrl, chats: FLOOR_CHATS, turns: FLOOR_TURNS, signal };
  const clients = [
    ...(await measureClients({ ...shared, chunkMs: 0 })),
    ...(await measureClients({ ...shared, chunkMs: 10 })),
  ];
  const { databaseUrl } = target;
  if (databaseUrl === undefined)
    return { clients, commits: [], commits_left_out: 'give --database-url to measure it' };
  const postgresPid = target.processes()['postgres']?.[0];
  const commits = await measureCommits({ databaseUrl, postgresPid, signal });
  return { clients, commits, commits_left_out: null };
}

async function write(report: Report, { json, html }: RunFlags): Promise<void> {
  process.stdout.write(textReport(report));
  if (json !== undefined) await writeFile(json, `${JSON.stringify(report, null, 2)}\n`);
  if (html !== undefined) await writeFile(html, htmlReport(report));
}
