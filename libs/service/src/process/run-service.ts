/**
 * The life of a process: start, run until told to stop, stop in order, and say by the exit code how it went.
 *
 * At SIGTERM or SIGINT the signal aborts (readiness turns off with it), then what `onStop` registered runs in reverse order, each
 * awaited: what was opened last is closed first. A throw in one does not keep the others from running. The whole stop has a hard
 * limit, after which the process exits with 1; a second signal exits at once, but not the echo of the first: a terminal and the
 * launcher in front may both pass on the same Ctrl-C. Exit codes: 0 after a clean stop, 1 when the start
 * failed, a stop function threw or something was thrown that nobody caught.
 */
import type { Logger } from '../logging/logger';
import { createLogger } from '../logging/logger';
import { processHost, type ServiceHost } from './service-host';

/** On a busy machine the launcher may pass it on late. */
const SAME_SIGNAL_MS = 1_000;

export interface ServiceContext {
  /** Aborted when the service begins to stop. */
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Registers what has to be done at stop; run in reverse order of registration. */
  readonly onStop: (name: string, stop: () => void | Promise<void>) => void;
  /** Begins to stop as if told by a signal; with an error the exit code is 1. */
  readonly stop: (error?: unknown) => void;
}

export interface ServiceOptions {
  readonly name: string;
  /** Resolves when the service works. Rejecting stops the process. */
  readonly start: (context: ServiceContext) => Promise<void>;
  readonly logger?: Logger;
  /** The hard limit of a stop. Default 25 s: under the 30 s that Kubernetes gives. */
  readonly stopTimeoutMs?: number;
  readonly host?: ServiceHost;
}

/** Runs the service; resolves with the exit code it gave to the host. */
export function runService(options: ServiceOptions): Promise<number> {
  return new ServiceLife(options).run();
}

class ServiceLife {
  private readonly stopping = new AbortController();
  private readonly stops: { readonly name: string; readonly stop: () => void | Promise<void> }[] = [];
  private readonly logger: Logger;
  private readonly host: ServiceHost;
  private stoppingNow = '';
  private signalledAtMs = -Infinity;
  private exitCode = 0;
  private limit: NodeJS.Timeout | undefined;
  private exited: ((code: number) => void) | undefined;

  constructor(private readonly options: ServiceOptions) {
    this.logger = options.logger ?? createLogger({ name: options.name });
    this.host = options.host ?? processHost;
  }

  run(): Promise<number> {
    const exited = new Promise<number>((resolve) => (this.exited = resolve));
    return Promise.race([exited, this.live()]);
  }

  private async live(): Promise<number> {
    this.host.onSignal((signal) => this.onSignal(signal));
    this.host.onUncaught((error) => this.fail(error, 'Nobody caught this: stopping'));
    const toldToStop = new Promise<void>((resolve) => {
      const onAbort = (): void => {
        this.limit = setTimeout(() => this.giveUp(), this.options.stopTimeoutMs ?? 25_000);
        resolve();
      };
      this.stopping.signal.addEventListener('abort', onAbort, { once: true });
    });
    const started = this.start();
    await toldToStop;
    await started;
    await this.stopAll();
    // After a failure its own line is the last word.
    if (this.exitCode === 0) this.logger.info('Stopped');
    this.exit(this.exitCode);
    return this.exitCode;
  }

  private async start(): Promise<void> {
    try {
      await this.options.start({
        signal: this.stopping.signal,
        logger: this.logger,
        onStop: (name, stop) => void this.stops.push({ name, stop }),
        stop: (error) =>
          error === undefined ? this.stopping.abort() : this.fail(error, 'Stopping after a failure'),
      });
      this.logger.info('Ready');
    } catch (error) {
      // Told to stop while starting, giving up is the right thing to do.
      if (!this.stopping.signal.aborted) this.fail(error, 'Could not start');
    }
  }

  private onSignal(signal: string): void {
    if (this.stopping.signal.aborted) {
      if (performance.now() - this.signalledAtMs < SAME_SIGNAL_MS) return;
      this.logger.warn({ signal }, 'Told to stop a second time: exiting at once');
      this.exit(1);
      return;
    }
    this.signalledAtMs = performance.now();
    this.logger.info({ signal }, 'Stopping');
    this.stopping.abort(new Error(`Stopped by ${signal}`));
  }

  /** An operator's mistake is told in one line; anything else with its stack. */
  private fail(error: unknown, message: string): void {
    this.exitCode = 1;
    const mistake = mistakeOf(error);
    if (mistake !== undefined) this.logger.fatal(`${message}: ${mistake}`);
    else this.logger.fatal({ err: error }, message);
    this.stopping.abort(error);
  }

  private async stopAll(): Promise<void> {
    for (let next = this.stops.pop(); next; next = this.stops.pop()) {
      this.stoppingNow = next.name;
      try {
        await next.stop();
      } catch (error) {
        this.exitCode = 1;
        this.logger.error({ err: error, part: next.name }, 'A part failed to stop');
      }
    }
  }

  private giveUp(): void {
    const part = this.stoppingNow || 'start';
    this.logger.fatal({ part }, 'Could not stop in time: exiting');
    this.exit(1);
  }

  private exit(code: number): void {
    const { exited } = this;
    if (!exited) return;
    this.exited = undefined;
    clearTimeout(this.limit);
    exited(code);
    this.host.exit(code);
  }
}

/** What an operator can put right by reading it. */
function mistakeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { isOperatorError, message, syscall, code, address, port } = error as Partial<Mistake>;
  if (isOperatorError === true) return message;
  if (syscall !== 'listen') return undefined;
  const where = `port ${String(port)} on ${String(address)}`;
  switch (code) {
    case 'EADDRINUSE':
      return `${where} is in use: stop what listens there, or set PORT to another one`;
    case 'EACCES':
      return `${where} needs privileges: set PORT to another one`;
    case 'EADDRNOTAVAIL':
      return `${String(address)} is no address of this machine: set HOST to another one`;
    default:
      return undefined;
  }
}

/** A ConfigError and its like, or what a server says that cannot listen. */
interface Mistake extends NodeJS.ErrnoException {
  readonly isOperatorError: true;
  readonly address: string;
  readonly port: number;
}
