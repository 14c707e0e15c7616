/**
 * Forgets idempotency keys that no longer count. Every gateway does, in small batches that pass over each other's rows: so the table
 * holds what a day brought, whatever clients do. A fault costs a warning; the next round makes up for it.
 */
import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { forgetKeys } from '@parley/chat-state';
import type { Queryable } from '@parley/database';

const ROUND_MS = 10 * 60_000;
/** Few enough for a statement of milliseconds. */
const BATCH = 1_000;

export class ExpiredKeys implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | undefined;
  private round: Promise<void> | undefined;
  private isStopping = false;

  constructor(
    private readonly database: Queryable,
    private readonly logger: { warn(fields: object, message: string): void },
    private readonly batch = BATCH,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.tick(), ROUND_MS);
    this.timer.unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearInterval(this.timer);
    await this.round;
  }

  /** One round, until none is left; the one under way, if there is one. Never rejects. */
  tick(): Promise<void> {
    this.round ??= this.forgetAll().finally(() => (this.round = undefined));
    return this.round;
  }

  private async forgetAll(): Promise<void> {
    try {
      while (!this.isStopping && (await forgetKeys(this.database, { limit: this.batch })) === this.batch);
    } catch (error) {
      this.logger.warn({ err: error }, 'idempotency keys were not forgotten: the next round tries again');
    }
  }
}
