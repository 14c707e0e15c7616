/**
 * Whose turns are worth a job: the users who have subscribed a browser. One statement a minute for all of them, and when the bus
 * says that subscriptions have changed; none at all per turn. With very many of them everybody counts as one, and in doubt too:
 * webpush knows for certain.
 */
import type { Bus } from '@parley/bus';
import { subjects, type Clock } from '@parley/contracts';
import { sql, type Database } from '@parley/database';
import { Subscriptions } from './subscriptions';

export interface PushRecipientsOptions {
  readonly database: Pick<Database, 'query'>;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

const TTL_MS = 60_000;
const MAX_RECIPIENTS = 10_000;

const SELECT = sql('push_recipients', 'select distinct user_id from webpush_subscriptions limit $1');

interface Known {
  /** Null: too many to know. */
  readonly users: ReadonlySet<string> | null;
  readonly staleAtMs: number;
}

export class PushRecipients {
  private known: Known | null = null;
  private loading: Promise<Known> | null = null;
  private readonly subscriptions: Subscriptions;

  constructor(private readonly options: PushRecipientsOptions) {
    this.subscriptions = new Subscriptions(options.onFailure);
  }

  /** Reads them for the first time, so that no turn has to wait for it. Never rejects. */
  async start(): Promise<void> {
    const changed = subjects.configChanged('subscriptions');
    this.subscriptions.add(this.options.bus.subscribe(changed, () => this.invalidate()));
    await this.current().catch((error: unknown) => this.options.onFailure(error));
  }

  async stop(): Promise<void> {
    await this.subscriptions.close();
  }

  /** A read under way may be too old already: it is not kept. */
  invalidate(): void {
    this.known = null;
    this.loading = null;
  }

  /** True also when it cannot be found out. */
  async has(userId: string): Promise<boolean> {
    try {
      const { users } = await this.current();
      return users === null || users.has(userId);
    } catch (error) {
      this.options.onFailure(error);
      return true;
    }
  }

  private async current(): Promise<Known> {
    if (this.known !== null && this.options.clock.now() < this.known.staleAtMs) return this.known;
    this.loading ??= this.load();
    return this.loading;
  }

  private load(): Promise<Known> {
    const loading: Promise<Known> = this.read()
      .then((known) => {
        if (this.loading === loading) this.known = known;
        return known;
      })
      .finally(() => {
        if (this.loading === loading) this.loading = null;
      });
    return loading;
  }

  private async read(): Promise<Known> {
    const { database, clock } = this.options;
    const rows = await database.query<{ user_id: string }>(SELECT, [MAX_RECIPIENTS + 1]);
    const users = rows.length > MAX_RECIPIENTS ? null : new Set(rows.map((row) => row.user_id));
    return { users, staleAtMs: clock.now() + TTL_MS };
  }
}
