/**
 * One run: every load of the plan against one system, judged and summed up. It ends in a report whatever happens: a load that fails or is
 * stopped is reported as far as it came.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { archiveChats } from './archive-chats';
import { ChatSession } from './generator/chat-session';
import type { DeliveryCounts } from './generator/delivery';
import { HangWatch } from './generator/hang-watch';
import { HttpClient } from './generator/http-client';
import { ServerErrors } from './generator/server-errors';
import type { LoadOutcome } from './load/load-outcome';
import { type LoadPlan, plannedTurns } from './load/load-plan';
import { LoadRun } from './load/load-run';
import { type IdleRates, idleRates } from './measure/sql-cost';
import { StatementCounters } from './measure/service-metrics';
import { toolRunsOf } from './measure/tool-runs';
import { SqlUsage, type StatementReader } from './measure/sql-usage';
import { judge } from './oracle/judge';
import { checkServerErrors } from './oracle/server-error-checks';
import type { Finding } from './oracle/finding';
import { checkToolRunCount, checkToolRuns } from './oracle/tool-run-checks';
import type { LedgerCalls } from './oracle/ledger-call';
import type { Progress } from './report/progress';
import type { LoadReport } from './report/schema';
import { type LoadRuns, loadRuns } from './report/repeats';
import { sumUp } from './report/sum-up';
import { checkBudget, type SqlBudget } from './sql-budget';
import { MockLedger } from './system/mock-ledger';
import { type Provisioned, provision } from './system/provision';
import type { Target } from './system/target';

export interface ScaletestOptions {
  readonly target: Target;
  readonly seed: string;
  readonly signal: AbortSignal;
  readonly progress: Progress;
  readonly budget: SqlBudget | null;
  /** Archives the chats afterwards. */
  readonly cleansUp: boolean;
}

const IDLE_MS = 3_000;
const MAX_SOCKETS = 1_024;

export class Scaletest {
  readonly runId = randomBytes(3).toString('hex');
  private readonly api: HttpClient;
  private readonly streams: HttpClient;
  private readonly hangs = new HangWatch();
  private readonly serverErrors: ServerErrors;
  private readonly ledger: MockLedger;
  private sql: StatementReader | null = null;
  private idle: IdleRates = { callsPerSecond: new Map() };
  private provisioned: Provisioned | undefined;
  private loads = 0;

  constructor(private readonly options: ScaletestOptions) {
    const { target } = options;
    this.serverErrors = new ServerErrors(options.signal);
    const http = { maxSockets: MAX_SOCKETS, serverErrors: this.serverErrors };
    this.api = new HttpClient(target.apiUrls, http);
    this.streams = new HttpClient(target.streamUrls, http);
    this.ledger = new MockLedger(target.mockUrl);
  }

  /** @param users how many the loads need at most */
  async prepare(users: number): Promise<void> {
    const { target, signal } = this.options;
    const [url = ''] = target.apiUrls;
    const { token, mockUrl } = target;
    this.provisioned = await provision({ url, token, mockUrl, users, runTag: this.runId });
    this.sql = await this.openStatements();
    if (this.sql === null) return;
    const before = await this.sql.read();
    await delay(IDLE_MS, undefined, { signal }).catch(() => undefined);
    this.idle = idleRates(before, await this.sql.read());
  }

  /** Postgres's own statistics, or the services' counters, or nothing; each time it says what it lacks. */
  private async openStatements(): Promise<StatementReader | null> {
    const { target, progress } = this.options;
    const { databaseUrl, metricsUrls: urls, metricsToken: token } = target;
    const say = (what: string, error: unknown): null => {
      progress.say(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    };
    const ofPostgres =
      databaseUrl === undefined
        ? null
        : await SqlUsage.open(databaseUrl).catch((error: unknown) =>
            say('pg_stat_statements cannot be read, the services count statements', error),
          );
    if (ofPostgres !== null || Object.keys(urls).length === 0) return ofPostgres;
    return StatementCounters.open({ urls, token }).catch((error: unknown) =>
      say('SQL is not measured', error),
    );
  }

  /** Runs a load that does not count: nothing of it is judged. */
  async warmUp(plan: LoadPlan): Promise<void> {
    await this.outcomeOf(plan);
  }

  /** Runs a load as often as asked, and at least once. */
  async run(plan: LoadPlan, repeat: number): Promise<LoadRuns> {
    const runs: LoadReport[] = [];
    while (runs.length < repeat && (runs.length === 0 || !this.options.signal.aborted))
      runs.push(await this.runOnce(plan));
    return loadRuns(runs);
  }

  async close(): Promise<void> {
    this.hangs.close();
    this.api.close();
    this.streams.close();
    await this.sql?.close();
    if (!this.options.cleansUp) return;
    await this.provisioned?.release().catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.options.progress.say(`Tokens of this run are left in the deployment: ${why}`);
    });
  }

  private async runOnce(plan: LoadPlan): Promise<LoadReport> {
    await this.ledger.begin().catch(() => undefined);
    const outcome = await this.outcomeOf(plan);
    const calls = await this.readLedger();
    const blows = outcome.strike?.blows ?? [];
    const errors = checkServerErrors(outcome.serverErrors, blows);
    const judged = judge(outcome.chats, calls, blows);
    const toolRuns = this.checkTools(outcome);
    const verdict = { ...judged, findings: [...judged.findings, ...errors.findings, ...toolRuns] };
    const report = sumUp({
      outcome,
      verdict,
      calls,
      idle: this.idle,
      explainedErrors: errors.explained,
    });
    const { budget } = this.options;
    // A budget that was asked for and not measured is not kept.
    return plan.isBudgeted && budget !== null ? { ...report, budget: checkBudget(report, budget) } : report;
  }

  private checkTools({ chats, measured, strike }: LoadOutcome): Finding[] {
    const tokens = this.options.target.toolRuns?.();
    const counted = checkToolRunCount({
      runs: toolRunsOf(measured.services),
      chats,
      runsLookup: tokens !== undefined,
      blows: strike?.blows ?? [],
    });
    return [...checkToolRuns(tokens ?? []), ...counted];
  }

  private async outcomeOf(plan: LoadPlan): Promise<LoadOutcome> {
    const { target, seed, signal, progress } = this.options;
    const counts: DeliveryCounts = { retries: 0, rateLimited: 0, confirmed: 0 };
    this.loads += 1;
    const load = this.loads;
    const run = new LoadRun({
      plan,
      target,
      sql: this.sql,
      seed,
      signal,
      counts,
      serverErrors: this.serverErrors,
      openSession: (wish) => this.openSession({ ...wish, plan, counts, load }),
    });
    progress.follow(plan.name, plannedTurns(plan), () => run.turns);
    try {
      return await run.run();
    } finally {
      progress.done();
      run.close();
      if (this.options.cleansUp) await this.archive(run.sessions);
    }
  }

  private async archive(sessions: readonly ChatSession[]): Promise<void> {
    const left = await archiveChats(sessions);
    if (left > 0) this.options.progress.say(`${left} chats could not be archived`);
  }

  private openSession(wish: {
    index: number;
    scenario: string;
    plan: LoadPlan;
    counts: DeliveryCounts;
    load: number;
  }): ChatSession {
    const { provisioned } = this;
    if (provisioned === undefined) throw new Error('The run was not prepared');
    const { plan, index } = wish;
    const users = Math.min(plan.users, provisioned.tokens.length);
    return new ChatSession({
      api: this.api,
      streams: this.streams,
      apiUrls: this.options.target.apiUrls,
      streamUrls: this.options.target.streamUrls,
      token: provisioned.tokens[index % users] ?? '',
      organizationId: provisioned.organizationId,
      modelConfigId: provisioned.modelConfigId,
      name: `${this.runId}/${wish.load}.${index}`,
      scenario: wish.scenario,
      runTag: this.runId,
      shape: plan.shape,
      turnTimeoutMs: plan.turnTimeoutMs,
      hangs: this.hangs,
      counts: wish.counts,
      signal: this.options.signal,
    });
  }

  /** Null when the mock does not show its ledger. */
  private async readLedger(): Promise<LedgerCalls | null> {
    try {
      return await this.ledger.read();
    } catch (error) {
      this.options.progress.say(
        `The ledger is not checked: ${error instanceof Error ? error.message : String(error)}`,
      );
      return null;
    }
  }
}
