/** A relay as the process that a cluster runs, from its build, with what it says about itself. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findFreePort } from '@parley/local-servers';
import { eventually } from '@parley/testing';

/** As `npm run cluster` and the scaletest start it. */
const NODE_FLAGS = ['--max-semi-space-size=4'];
const MAIN = join(__dirname, '../../../apps/stream-relay/dist/main.js');

/** What a relay showed at one time. */
export class Scrape {
  constructor(private readonly text: string) {}

  /** The value of a metric without labels; NaN when there is none. */
  metric(name: string): number {
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(this.text)?.[1] ?? NaN);
  }

  /** Reads of messages by the stream path. */
  get messageReads(): number {
    const names = ['first_reads', 'catch_up_reads', 'history_reads'];
    return names.reduce((sum, name) => sum + this.metric(`parley_relay_${name}_total`), 0);
  }

  /** Every statement that it sent, by name. */
  get statements(): ReadonlyMap<string, number> {
    const lines = this.text.matchAll(/^parley_sql_statements_total\{statement="([^"]*)"\} (\S+)$/gm);
    return new Map([...lines].map(([, name = '', count]) => [name, Number(count)]));
  }

  /** How often each statement ran since an earlier scrape; those that did not are left out. */
  statementsSince(before: Scrape): ReadonlyMap<string, number> {
    const known = before.statements;
    const all = [...this.statements].map(([name, count]) => [name, count - (known.get(name) ?? 0)] as const);
    return new Map(all.filter(([, count]) => count > 0));
  }
}

export class RelayProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /** Needs `npm run build`. */
  static async start(servers: { databaseUrl: string; natsUrl: string }): Promise<RelayProcess> {
    const port = await findFreePort();
    const child = spawn(process.execPath, [...NODE_FLAGS, MAIN], {
      env: {
        PATH: process.env['PATH'],
        HOST: '127.0.0.1',
        PORT: String(port),
        DATABASE_URL: servers.databaseUrl,
        NATS_URL: servers.natsUrl,
        DATABASE_POOL_SIZE: '5',
        BUS_VALIDATION: 'false',
        LOG_LEVEL: 'warn',
        RELAY_FEED_LINGER_MS: '60000',
        NODE_ENV: 'production',
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const relay = new RelayProcess(child, `http://127.0.0.1:${port}`);
    const isReady = async (): Promise<boolean> => (await fetch(`${relay.url}/readyz`)).ok;
    await eventually(isReady, { timeoutMs: 90_000 }).catch(async (error: unknown) => {
      await relay.stop();
      throw error;
    });
    return relay;
  }

  /** Resident memory, in KiB. */
  get residentKib(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? NaN);
  }

  /** Milliseconds of processor time so far. */
  get cpuMs(): number {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8').replace(/^.*\) /, '');
    const fields = stat.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** One scrape. The delay of the event loop in it is that since the scrape before, which therefore begins a window. */
  async scrape(): Promise<Scrape> {
    return new Scrape(await (await fetch(`${this.url}/metrics`)).text());
  }

  async metric(name: string): Promise<number> {
    return (await this.scrape()).metric(name);
  }

  async stop(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exited;
  }
}
