/**
 * The open streams of this replica: how many there may be, that their peers live, and how they all end.
 *
 * Heartbeats go round in slots, a fraction of the streams at a time, so that ten thousand of them do not stop the event loop
 * for one long moment. Every so many rounds a stream's token is looked at again.
 */
import type { Clock } from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { unavailable } from './http-refusal';
import type { RelayMetrics } from './relay-metrics';
import { Tasks, type TaskLogger } from './tasks';
import { retryAfterMs, type RetrySpread, type Viewer } from './viewer';

export interface OpenStreamsOptions {
  readonly maxStreams: number;
  readonly heartbeatMs: number;
  readonly retry: RetrySpread;
  readonly clock: Clock;
  readonly logger: TaskLogger;
  readonly metrics: RelayMetrics;
  readonly authenticate: (token: string) => Promise<Actor | null>;
}

export interface Holder {
  readonly actor: Actor;
  readonly token: string;
}

interface OpenStream extends Holder {
  readonly viewer: Viewer;
  beats: number;
}

const SLOTS = 16;
/** With a heartbeat every 15 s: every 5 minutes. */
const BEATS_BETWEEN_CHECKS = 20;

export class OpenStreams {
  private readonly slots = Array.from({ length: SLOTS }, () => new Set<OpenStream>());
  private readonly tasks: Tasks;
  private nextSlot = 0;
  private turn = 0;
  private reserved = 0;
  private isStopping = false;

  constructor(private readonly options: OpenStreamsOptions) {
    this.tasks = new Tasks(options.logger);
  }

  get isOpen(): boolean {
    return !this.isStopping;
  }

  start(): void {
    const { clock, heartbeatMs } = this.options;
    const { signal } = this.tasks;
    this.tasks.run('heartbeats', async () => {
      for (;;) {
        await clock.sleep(heartbeatMs / SLOTS, { name: 'heartbeat', signal });
        this.beat();
      }
    });
  }

  /** Takes a place, before any work is done for the stream. Returns the way to give it back. @throws HttpRefusal 503 */
  reserve(): () => void {
    const { maxStreams, metrics, retry } = this.options;
    if (this.isStopping) throw unavailable('This server restarts: try again.', retryAfterMs(retry));
    if (this.reserved >= maxStreams) {
      metrics.admissionsRefused += 1;
      throw unavailable('This server has as many streams as it takes: try again.', retryAfterMs(retry));
    }
    this.reserved += 1;
    let isTaken = true;
    return () => {
      if (isTaken) this.reserved -= 1;
      isTaken = false;
    };
  }

  add(viewer: Viewer, { actor, token }: Holder): void {
    const stream: OpenStream = { viewer, actor, token, beats: 0 };
    const slot = this.slots[this.nextSlot % SLOTS];
    this.nextSlot += 1;
    slot?.add(stream);
    this.options.metrics.viewers += 1;
    viewer.onClosed(() => {
      slot?.delete(stream);
      this.options.metrics.viewers -= 1;
    });
    if (this.isStopping) viewer.close('restarting');
  }

  /** One slot's turn. */
  beat(): void {
    const slot = this.slots[this.turn % SLOTS] ?? [];
    this.turn += 1;
    for (const stream of [...slot]) {
      stream.viewer.heartbeat();
      stream.beats += 1;
      if (stream.beats % BEATS_BETWEEN_CHECKS === 0)
        this.tasks.run('check of a token', () => this.checkToken(stream));
    }
  }

  /** Tokens changed: of this key, of this user, or nobody knows of whom. */
  recheck(id?: string): void {
    for (const stream of this.all()) {
      const { apiKeyId, userId } = stream.actor;
      if (id === undefined || id === apiKeyId || id === userId)
        this.tasks.run('check of a token', () => this.checkToken(stream));
    }
  }

  /** Sends everybody elsewhere, and waits until they have gone; their own grace ends those who do not go. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.tasks.stop();
    const gone = this.all().map(
      ({ viewer }) =>
        new Promise<void>((resolve) => {
          viewer.onClosed(resolve);
          viewer.close('restarting');
        }),
    );
    await Promise.all(gone);
  }

  private all(): OpenStream[] {
    return this.slots.flatMap((slot) => [...slot]);
  }

  private async checkToken({ viewer, token }: OpenStream): Promise<void> {
    if (viewer.isClosed) return;
    if ((await this.options.authenticate(token)) === null) viewer.close('unauthorized');
  }
}
