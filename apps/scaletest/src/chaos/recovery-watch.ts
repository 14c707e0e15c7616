/**
 * Watches, from beside the platform, how what a killed worker owned is taken up by others: one statement right before each kill, and then
 * one every tenth of a second for as long as the fault's load lasts. It asks Postgres itself, so nothing that a service says of itself counts.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Database, sql } from '@parley/database';
import { OWN_MARK } from '../measure/sql-usage';
import { type KillRecovery, RecoveryBook } from './recovery-book';

const LOOK_EVERY_MS = 100;

const READ_WORK = sql(
  'scaletest_read_work',
  `select ${OWN_MARK} id, worker_id from chats
where (worker_id = any($1::uuid[]) or id = any($2::uuid[])) and status in ('running', 'interrupting')`,
);

export interface Recoveries {
  readonly kills: readonly KillRecovery[];
  /** Of kills that could not be watched: why. */
  readonly unwatched: readonly string[];
}

export interface RecoveryWatchOptions {
  /** Of the Postgres of the platform. */
  readonly url: string;
  /** Under which id a worker that is up owns chats. */
  readonly workerIdOf: (index: number) => Promise<string>;
}

export class RecoveryWatch {
  private readonly book = new RecoveryBook();
  private readonly unwatched: string[] = [];
  /** Those that were killed, and the one that is about to be: a look between its last one and its end has to show its chats too. */
  private readonly watchedIds = new Set<string>();
  private readonly closing = new AbortController();
  private looks: Promise<void> = Promise.resolve();
  private watching: Promise<void> | undefined;

  private database: Promise<Database> | undefined;

  constructor(private readonly options: RecoveryWatchOptions) {}

  /** Sees what the worker owns. @returns what to call with the time of the kill, at once before it */
  async aim(index: number): Promise<(atMs: number) => void> {
    try {
      const workerId = await this.options.workerIdOf(index);
      this.watchedIds.add(workerId);
      await this.look();
      return (atMs) => {
        this.book.kill(workerId, atMs);
        this.watching ??= this.watch();
      };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      return () => void this.unwatched.push(why);
    }
  }

  /** Looks once more, and ends. */
  async end(): Promise<Recoveries> {
    this.closing.abort();
    await this.watching;
    await (await this.database)?.close();
    return { kills: this.book.recoveries(), unwatched: this.unwatched };
  }

  private async watch(): Promise<void> {
    const { signal } = this.closing;
    try {
      while (!signal.aborted) {
        await delay(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
        await this.look();
      }
    } catch (error) {
      this.unwatched.push(error instanceof Error ? error.message : String(error));
    }
  }

  /** One after the other, so that the book has them in their order. */
  private look(): Promise<void> {
    const look = this.looks.then(async () => {
      const { book } = this;
      const database = await (this.database ??= this.open());
      const askedAtMs = Date.now();
      const rows = await database.query<{ id: string; worker_id: string | null }>(READ_WORK, [
        [...this.watchedIds],
        book.strandedIds,
      ]);
      const chats = rows.map(({ id, worker_id: workerId }) => ({ chatId: id, workerId }));
      book.look({ askedAtMs, seenAtMs: Date.now(), chats });
    });
    this.looks = look.catch(() => undefined);
    return look;
  }

  private open(): Promise<Database> {
    const { url } = this.options;
    return Database.open({ url, poolSize: 1, applicationName: 'parley-scaletest-recovery' });
  }
}
