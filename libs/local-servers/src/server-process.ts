/**
 * One server of ours on one loopback port: started, killed and started again on the same port, stopped for good. Postgres,
 * NATS, Redis and our own services differ only in what they are told and in the line that says they are ready.
 *
 * Readiness is read from the log of the very process we started, never by connecting: on a port lost to somebody else a
 * connection would succeed, and reach the wrong server. A port lost that way is a new port at the first start, and
 * patience at a restart, since clients know the old one.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, renameSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ServerStartError } from './errors';
import { findFreePort } from './free-port';
import type { Command } from './server-account';
import { Watchdog } from './watchdog';

export interface ServerProgram {
  name: string;
  commandFor(port: number): Command;
  logFile: string;
  readyLine: RegExp;
  /** Reasons to fail that pass by themselves within seconds, such as remains of a killed predecessor. */
  passingFailure?: RegExp;
  stopSignal: 'SIGINT' | 'SIGTERM';
  /** How long an orderly stop may take before SIGKILL; default 10 s. */
  stopTimeoutMs?: number;
  /** Removed by the watchdog when our own process dies; its owner removes it otherwise. */
  throwawayDirectory: string | undefined;
}

const addressInUse = /address already in use/i;
const startTimeoutMs = 30_000;
const defaultStopTimeoutMs = 10_000;
const restartPatienceMs = 15_000;
const portAttempts = 10;
const pollMs = 10;
const logTailBytes = 2_000;

export class ServerProcess {
  private child: ChildProcess | undefined;
  /** The one that stop or kill ends: its exit surprises nobody. */
  private ending: ChildProcess | undefined;
  private unexpectedExit: () => void | Promise<void> = () => undefined;
  private watchdog: Watchdog | undefined;

  private constructor(
    private readonly program: ServerProgram,
    readonly port: number,
  ) {}

  /** Starts the program on a free port; resolves when it accepts connections. Throws ServerStartError. */
  static async start(program: ServerProgram): Promise<ServerProcess> {
    for (let attempt = 1; ; attempt += 1) {
      const server = new ServerProcess(program, await findFreePort());
      try {
        await server.launchPatiently(program.passingFailure);
        return server;
      } catch (error) {
        if (attempt === portAttempts || !isFailureOf(error, addressInUse)) throw error;
      }
    }
  }

  /** Undefined while the server is down. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Calls back whenever the process ends that neither stop, kill nor restart ended. The callback must not throw. */
  onUnexpectedExit(callback: () => void | Promise<void>): void {
    this.unexpectedExit = callback;
  }

  /** An orderly stop; harmless when it is down already. SIGKILL when it takes too long. */
  async stop(): Promise<void> {
    await this.end(this.program.stopSignal);
  }

  /** SIGKILL, as a crash would be. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Down (orderly, unless it is down already) and up again on the same port. */
  async restart(): Promise<void> {
    await this.stop();
    const { passingFailure } = this.program;
    await this.launchPatiently(
      passingFailure === undefined
        ? addressInUse
        : new RegExp(`${addressInUse.source}|${passingFailure.source}`, 'i'),
    );
  }

  private async launchPatiently(passing: RegExp | undefined): Promise<void> {
    const givesUpAt = performance.now() + restartPatienceMs;
    for (;;) {
      try {
        await this.launch();
        return;
      } catch (error) {
        if (passing === undefined || !isFailureOf(error, passing) || performance.now() > givesUpAt)
          throw error;
        await delay(50);
      }
    }
  }

  private async launch(): Promise<void> {
    const { program } = this;
    const command = program.commandFor(this.port);
    // Why the last one ended is asked after it was restarted; more than one would grow without bound.
    if (existsSync(program.logFile)) renameSync(program.logFile, `${program.logFile}.previous`);
    const log = openSync(program.logFile, 'w');
    const child = spawn(command.file, command.args, {
      ...command.identity,
      env: command.env,
      // Our cwd may be closed to the server's account.
      cwd: '/',
      // Its own session: Ctrl-C in a terminal goes to us, and we decide when the servers stop.
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    let spawnError: Error | undefined;
    child.on('error', (error) => (spawnError = error));
    if (child.pid !== undefined) {
      const signal = program.stopSignal === 'SIGINT' ? 'INT' : 'TERM';
      this.watchdog = Watchdog.over({ pid: child.pid, signal, directory: program.throwawayDirectory });
    }
    const { watchdog } = this;
    this.child = child;
    let isReady = false;
    child.once('exit', () => {
      if (this.child === child) this.child = undefined;
      void watchdog?.standDown();
      if (isReady && this.ending !== child) void this.unexpectedExit();
    });
    try {
      await this.untilReady(child, () => spawnError);
    } catch (error) {
      await this.kill();
      this.child = undefined;
      throw error;
    }
    isReady = true;
    child.unref();
  }

  private async untilReady(child: ChildProcess, spawnError: () => Error | undefined): Promise<void> {
    const { name, logFile, readyLine } = this.program;
    const givesUpAt = performance.now() + startTimeoutMs;
    for (;;) {
      const hasExited = child.exitCode !== null || child.signalCode !== null;
      const log = await readFile(logFile, 'utf8');
      const failure = spawnError();
      if (failure !== undefined) throw new ServerStartError(name, failure.message);
      if (hasExited) {
        throw new ServerStartError(
          name,
          `it left with ${child.signalCode ?? child.exitCode}`,
          log.slice(-logTailBytes),
        );
      }
      if (readyLine.test(log)) return;
      if (performance.now() > givesUpAt) {
        throw new ServerStartError(name, `not ready after ${startTimeoutMs} ms`, log.slice(-logTailBytes));
      }
      await delay(pollMs);
    }
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child, watchdog } = this;
    this.ending = child;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      child.ref();
      const exited = once(child, 'exit');
      child.kill(signal);
      const patience = setTimeout(
        () => child.kill('SIGKILL'),
        this.program.stopTimeoutMs ?? defaultStopTimeoutMs,
      );
      await exited;
      clearTimeout(patience);
    }
    await watchdog?.standDown();
  }
}

const isFailureOf = (error: unknown, pattern: RegExp): boolean =>
  error instanceof ServerStartError && pattern.test(error.log);
