/**
 * Tools that go on although their call has ended: they did not stop when they were told to. Nobody waits for them, but they are not
 * forgotten: the log tells of those that do not stop soon, and at the stop of the worker they have a moment to end.
 */
import type { Clock } from '@parley/contracts';

export interface StragglersOptions {
  readonly clock: Clock;
  readonly logger: { warn(fields: object, message: string): void };
}

/** Within this a tool that listens has stopped. */
const PATIENCE_MS = 1_000;

export class Stragglers {
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly options: StragglersOptions) {}

  get count(): number {
    return this.running.size;
  }

  /** `work` must not reject. */
  watch(work: Promise<unknown>, toolName: string): void {
    const watched = this.follow(work, toolName).finally(() => this.running.delete(watched));
    this.running.add(watched);
  }

  /** Resolves when they have ended, or when their moment is over. */
  async stop(): Promise<void> {
    if (this.running.size === 0) return;
    const { clock, logger } = this.options;
    const patience = new AbortController();
    const { signal } = patience;
    const waited = clock.sleep(PATIENCE_MS, { name: 'stragglers', signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.running), waited]);
    patience.abort();
    if (this.running.size > 0) {
      logger.warn({ count: this.running.size }, 'Tools that do not stop were left behind');
    }
  }

  private async follow(work: Promise<unknown>, toolName: string): Promise<void> {
    const ended = new AbortController();
    const { signal } = ended;
    const { clock, logger } = this.options;
    const told = clock.sleep(PATIENCE_MS, { name: 'straggler', signal }).then(
      () => logger.warn({ tool: toolName }, 'A tool goes on although its call has ended'),
      () => undefined,
    );
    await work;
    ended.abort();
    await told;
  }
}
